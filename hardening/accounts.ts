// Names and groups of users, from the system's databases.

import { type Account, native } from "./native.ts";

export type { Account };

/**
 * Look up a user's name and groups, primary and supplementary, without stopping the main thread.
 *
 * @returns undefined where there is no such user
 * @throws where the databases cannot be asked
 */
export async function lookUpAccount(uid: number): Promise<Account | undefined> {
  const account = await native.lookUpAccount(uid);
  if (account !== undefined && "errno" in account) throw new Error(`errno ${account.errno}`);
  return account;
}

/** @returns undefined for a name that does not exist */
export function uidOfName(name: string): number | undefined {
  return native.findUser(name)?.uid;
}

/** @returns undefined for a name that does not exist */
export function gidOfName(name: string): number | undefined {
  return native.findGroup(name);
}
