/** Whether somebody comes in, by mail's own protocols in the clear: "in", or what the server says. */
import { ImapFlow } from "imapflow";
import nodemailer from "nodemailer";

type Proof = { readonly pass: string } | { readonly accessToken: string };

export async function imapSignIn(port: number, user: string, proof: Proof): Promise<string> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port,
    secure: false,
    doSTARTTLS: false,
    auth: { user, ...proof },
    logger: false,
  });
  try {
    await client.connect();
    await client.logout();
    return "in";
  } catch (error) {
    return String((error as { responseText?: string }).responseText ?? error);
  }
}

export async function smtpSignIn(port: number, user: string, proof: Proof): Promise<string> {
  const auth = "pass" in proof ? { user, ...proof } : { type: "OAuth2" as const, user, ...proof };
  const transport = nodemailer.createTransport({ host: "127.0.0.1", port, ignoreTLS: true, auth });
  try {
    await transport.verify();
    return "in";
  } catch (error) {
    return String((error as { response?: string }).response);
  } finally {
    transport.close();
  }
}
