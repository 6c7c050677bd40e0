/** A message with one attachment, as a mail program writes it. */
export function messageWith(
  {
    name,
    bytes,
    type = "application/octet-stream",
  }: { readonly name: string; readonly bytes: Buffer; readonly type?: string },
  { from = "ann@far.test", to = "u1@example.test", id = "sample@far.test" } = {},
): Buffer {
  const encoded = encodeURIComponent(name).replaceAll("'", "%27");
  const named =
    name === ""
      ? ""
      : /^[ -~]*$/.test(name) && !/["\\]/.test(name)
        ? `; filename="${name}"`
        : `; filename*=utf-8''${encoded}`;
  return Buffer.from(
    [
      `From: <${from}>`,
      `To: <${to}>`,
      "Subject: A file for you",
      `Message-ID: <${id}>`,
      "Date: Mon, 01 Jun 2026 12:00:00 +0000",
      "MIME-Version: 1.0",
      'Content-Type: multipart/mixed; boundary="sample"',
      "",
      "--sample",
      "Content-Type: text/plain; charset=utf-8",
      "",
      "Please find the file attached.",
      "",
      "--sample",
      `Content-Type: ${type}`,
      `Content-Disposition: attachment${named}`,
      "Content-Transfer-Encoding: base64",
      "",
      bytes.toString("base64").replace(/.{76}/g, "$&\r\n"),
      "--sample--",
      "",
    ].join("\r\n"),
  );
}
