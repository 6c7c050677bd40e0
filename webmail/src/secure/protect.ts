/**
 * A letter's fields within what is signed or encrypted (RFC 9788), and the shapes of PGP/MIME around it (RFC 3156): pure. The subject of
 * encrypted mail stands within alone, as its `hcp_baseline` (§3.2.1) has it.
 */
import { type Entity, entityText, type Field, multipart } from "./write.ts";

/** RFC 9788 §3.2.1. */
const obscured = "[...]";
const isHidden = ({ name }: Field): boolean => /^(?:keywords|comments)$/i.test(name);

export type Protected = {
  /** The entity that is signed or encrypted, as text. */
  readonly payload: string;
  /** The fields that stand outside. */
  readonly outer: readonly Field[];
};

/** @param fields all of the letter's own, without Bcc and what is about MIME */
export function protectFields(entity: Entity, fields: readonly Field[], kind: "clear" | "cipher"): Protected {
  const outer =
    kind === "clear"
      ? fields
      : fields.flatMap((field) =>
          isHidden(field) ? [] : [/^subject$/i.test(field.name) ? { ...field, value: obscured } : field],
        );
  // RFC 9788 §2.2: what stood outside is told within, so that changes outside are seen.
  const told =
    kind === "clear" ? [] : outer.map(({ name, value }) => ({ name: "HP-Outer", value: `${name}: ${value}` }));
  return { payload: entityText({ ...entity, type: `${entity.type}; hp="${kind}"` }, [...fields, ...told]), outer };
}

/** RFC 3156 §5. @param payload what was signed, as it was */
export function pgpSigned(payload: string, signature: string, micalg: string, random: () => string): Entity {
  const edge = `=_${random()}`;
  const part: Entity = {
    type: 'application/pgp-signature; name="signature.asc"',
    fields: [{ name: "Content-Description", value: "OpenPGP digital signature" }],
    body: withCrlf(signature),
  };
  return {
    type: `multipart/signed; micalg=${micalg}; protocol="application/pgp-signature"; boundary="${edge}"`,
    fields: [],
    body: `--${edge}\r\n${payload}\r\n--${edge}\r\n${entityText(part)}\r\n--${edge}--\r\n`,
  };
}

/** RFC 3156 §4. */
export function pgpEncrypted(armored: string, random: () => string): Entity {
  return multipart(
    "encrypted",
    [
      { type: "application/pgp-encrypted", fields: [], body: "Version: 1\r\n" },
      {
        type: 'application/octet-stream; name="encrypted.asc"',
        fields: [{ name: "Content-Disposition", value: 'inline; filename="encrypted.asc"' }],
        body: withCrlf(armored),
      },
    ],
    random,
    '; protocol="application/pgp-encrypted"',
  );
}

const withCrlf = (text: string): string => text.replace(/\r?\n/g, "\r\n");

/** The whole message. */
export const messageText = (entity: Entity, outer: readonly Field[]): string =>
  entityText(entity, [...outer, { name: "MIME-Version", value: "1.0" }]);
