/** Texts that tenants keep for their mail, in versions. A part of `Store`. */
import type { Instant } from "./ids.ts";

/** Of one tenant. */
export const maxTemplates = 1_000;
/** Of one template: the oldest goes, but not the one in use. */
export const maxTemplateVersions = 100;
/** Of one template: subject, text, HTML and fields together. */
export const maxTemplateChars = 1024 * 1024;

/** What mail is made of; places for `{{name}}` stand in it as they were written. */
export type TemplateBody = {
  readonly subject: string;
  readonly text: string | undefined;
  readonly html: string | undefined;
  /** Who it is from, where the email does not say: "Shop <news@shop.example>". */
  readonly from?: string | undefined;
  /** Where answers go. */
  readonly replyTo?: string | undefined;
  /** Further fields of its own; an email's go before. */
  readonly headers?: { readonly [name: string]: string } | undefined;
};

export type Template = {
  readonly tenant: string;
  readonly name: string;
  readonly description: string;
  /** What is being worked on; mail is never made of it. */
  readonly draft: TemplateBody;
  /** Of which mail is made; undefined: there is none yet. */
  readonly published: number | undefined;
  /** The last one that was made; 0: none. */
  readonly versions: number;
  readonly createdAt: Instant;
  readonly changedAt: Instant;
};

export type TemplateVersion = {
  readonly version: number;
  readonly body: TemplateBody;
  readonly at: Instant;
  /** Name of the account that published it. */
  readonly by: string;
};

export interface TemplatesReader {
  /** By name. */
  templates(filter: {
    readonly tenant: string;
    readonly name?: string;
    readonly after?: string;
    readonly limit: number;
  }): Promise<readonly Template[]>;
  /** The latest first; `version`: only that one. */
  templateVersions(filter: {
    readonly tenant: string;
    readonly name: string;
    readonly version?: number;
  }): Promise<readonly TemplateVersion[]>;
}

export interface TemplatesWriter {
  /** A new template, or a change of one. */
  putTemplate(
    template: Pick<Template, "tenant" | "name" | "description" | "draft"> & { readonly at: Instant },
    when: "new" | "there",
  ): Promise<"done" | "exists" | "missing" | "full">;
  /** Makes a version of the draft, or lets mail be made of an older one; answers its number. */
  publishTemplate(what: {
    readonly tenant: string;
    readonly name: string;
    readonly version?: number;
    readonly at: Instant;
    readonly by: string;
  }): Promise<number | "missing">;
  removeTemplate(tenant: string, name: string): Promise<boolean>;
}

export const templateReads = ["templates", "templateVersions"] as const satisfies readonly (keyof TemplatesReader)[];
export const templateWrites = [
  "putTemplate",
  "publishTemplate",
  "removeTemplate",
] as const satisfies readonly (keyof TemplatesWriter)[];
