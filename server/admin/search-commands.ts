import type { Account, Store } from "../store/store.ts";
import { type Command, command, done, no } from "./command.ts";
import { counted } from "./progress.ts";

async function accountsOf(store: Store, name: string | undefined): Promise<readonly Account[]> {
  return store.accounts(name === undefined ? undefined : { name: name.toLowerCase() });
}

const noAccount = (name: string) => no(`There is no account ${name}. See them all: angarium account list`);

export const searchCommands: readonly Command[] = [
  command(
    "search size",
    "How large the indexes for search are, by account.",
    { account: { type: "text", placed: true, help: "one account; all where none is named" } },
    async ({ account }, { store }) => {
      const accounts = await accountsOf(store, account);
      if (account !== undefined && accounts.length === 0) return noAccount(account);
      const sizes = [];
      for (const { id, name, usedBytes } of accounts) {
        const { emails, words, indexBytes, gramBytes, segments } = await store.wordsSize(id);
        sizes.push({ account: name, mailBytes: usedBytes, emails, words, indexBytes, gramBytes, segments });
      }
      return done(sizes);
    },
  ),
  command(
    "search rebuild",
    "Make the index of words anew.",
    { account: { type: "text", placed: true, help: "one account; all where none is named" } },
    async ({ account }, { store, indexer }, progress) => {
      if (indexer === undefined) return no("The index is made by the running server: start it, and ask again.");
      const accounts = await accountsOf(store, account);
      if (account !== undefined && accounts.length === 0) return noAccount(account);
      const tell = counted(progress, "accounts");
      for (const [index, { id }] of accounts.entries()) {
        await store.wordsForget(id);
        await indexer.catchUp(id);
        tell(index + 1, accounts.length);
      }
      return done({ accounts: accounts.length });
    },
  ),
];
