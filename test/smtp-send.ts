/** Sends one letter with an ordinary client: over submission with a login, over SMTP without. */
import { createTransport } from "nodemailer";
import type { Ready } from "./dev-process.ts";

export async function smtpSend(
  ready: Ready,
  auth: { readonly user: string; readonly password: string } | undefined,
  to: readonly string[],
  letter: { readonly from?: string; readonly subject?: string; readonly text?: string } = {},
): Promise<{ readonly messageId: string }> {
  const transport = createTransport({
    host: "127.0.0.1",
    port: ready.ports[auth === undefined ? "smtp" : "submission"] as number,
    secure: false,
    ignoreTLS: true,
    ...(auth === undefined ? {} : { auth: { user: auth.user, pass: auth.password } }),
  });
  try {
    const { from = auth?.user ?? "stranger@far.test", subject = "A letter", text = "Hello.\n" } = letter;
    const { messageId } = await transport.sendMail({ from, to: [...to], subject, text });
    return { messageId };
  } finally {
    transport.close();
  }
}
