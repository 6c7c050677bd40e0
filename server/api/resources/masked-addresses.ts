/** Masked addresses: one for each shop, switched off when the shop has sold it. */
import { z } from "zod";
import { makeMasked } from "../../admin/alias-kinds.ts";
import type { Address } from "../../store/store.ts";
import { addressOf, placeOf, theAlias } from "../alias.ts";
import { refusal } from "../outcome.ts";
import { accountOf } from "../params.ts";
import { notFound } from "../problem.ts";
import { at, Created, list, page, paged, type Route, route, time } from "../route.ts";

const Masked = z
  .object({
    address: z.string(),
    label: z.string().describe("Whom it was given to."),
    off: z.boolean().describe("Takes no mail."),
    createdAt: time,
  })
  .meta({ id: "MaskedAddress" });

const shown = (row: Address): z.input<typeof Masked> => {
  const about = row.about?.kind === "masked" ? row.about : { label: "", off: false, createdAt: 0 };
  return { address: addressOf(row), label: about.label, off: about.off, createdAt: at(about.createdAt) };
};

const label = z.string().min(1).max(200);
const ofWhom = {
  account: z.string().max(330).optional().describe("Somebody that you administer; yourself where nothing is said."),
};

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/masked-addresses",
    summary: "One-off addresses of an account.",
    area: "masked-addresses",
    who: "user",
    query: z.object({ ...page, ...ofWhom }),
    answer: list(Masked),
    refuses: ["not-found"],
    run: async ({ actor, query }, world) => {
      const { limit, cursor } = query;
      const owner = await accountOf(query.account ?? "me", actor, world);
      if (owner === undefined) return notFound();
      const rows = await world.store.hostedAddresses(
        { kind: "all" },
        { limit: limit + 1, after: cursor, sort: "masked", owner: owner.id },
      );
      return paged(rows, limit, placeOf, shown);
    },
  }),
  route({
    method: "POST",
    path: "/masked-addresses",
    summary: "Make a one-off address.",
    area: "masked-addresses",
    who: "user",
    body: z.strictObject({ label, ...ofWhom }),
    answer: Masked,
    status: 201,
    refuses: ["conflict", "not-found"],
    run: async ({ actor, body, audit }, world) => {
      const owner = await accountOf(body.account ?? "me", actor, world);
      if (owner === undefined) return notFound();
      const made = await makeMasked(world, owner, body.label, owner.domain);
      if ("why" in made) return refusal(made);
      audit.target = addressOf(made);
      audit.tenant = owner.tenant;
      return new Created(shown(made), `/masked-addresses/${encodeURIComponent(addressOf(made))}`);
    },
  }),
  route({
    method: "GET",
    path: "/masked-addresses/{masked}",
    summary: "One one-off address.",
    area: "masked-addresses",
    who: "user",
    params: { masked: theAlias("masked") },
    answer: Masked,
    run: async ({ masked }) => shown(masked),
  }),
  route({
    method: "PATCH",
    path: "/masked-addresses/{masked}",
    summary: "Switch a one-off address off or on, or name it anew.",
    area: "masked-addresses",
    who: "user",
    params: { masked: theAlias("masked") },
    body: z.strictObject({ label, off: z.boolean() }).partial(),
    answer: Masked,
    run: async ({ masked: { tenant: _, ...row }, body }, { store }) => {
      if (row.about?.kind !== "masked") return notFound();
      const about = { ...row.about, label: body.label ?? row.about.label, off: body.off ?? row.about.off };
      await store.putAddress({ ...row, about });
      return shown({ ...row, about });
    },
  }),
  route({
    method: "DELETE",
    path: "/masked-addresses/{masked}",
    summary: "Forget a one-off address.",
    area: "masked-addresses",
    who: "user",
    params: { masked: theAlias("masked") },
    run: async ({ masked }, { store }) => {
      await store.removeAddress(masked.local, masked.domain);
      return undefined;
    },
  }),
];
