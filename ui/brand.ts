/** How the pages of a tenant look: what `GET /api/v1/me` says of it. */
export type Brand = {
  readonly name: string;
  readonly logoUrl: string | null;
  /** "#rrggbb" */
  readonly color: string | null;
  /** https: or mailto: */
  readonly supportUrl: string | null;
};

/** The logo through our own server: who reads mail is nobody's business where it lies. */
export const logoOf = (brand: Brand | undefined): string | undefined =>
  brand?.logoUrl == null ? undefined : `/jmap/picture?url=${encodeURIComponent(brand.logoUrl)}`;
