// As whom the proxy serves, when root starts it: never as root unless told so.

import { HardeningError } from "./errors.ts";
import { native } from "./native.ts";

export interface ServiceUser {
  readonly uid: number;
  readonly gid: number;
  /** whether the account was made for the proxy alone */
  readonly isDedicated: boolean;
  /** what the admin should know of the choice */
  readonly warning: string | undefined;
}

export interface UserWish {
  /** NAME or UID, with :GROUP or :GID if need be */
  readonly user: string | undefined;
  readonly allowRoot: boolean;
}

const dedicatedAccount = "codex-proxy";

/**
 * Choose the user to drop to.
 *
 * @param euid - the effective uid of the process, undefined where the platform has none
 * @returns undefined where the process stays who it is
 * @throws {HardeningError} HRD_ERR_USER for a name that does not exist or that this user cannot become
 */
export function chooseServiceUser(wish: UserWish, euid: number | undefined): ServiceUser | undefined {
  const named = wish.user === undefined ? undefined : findNamed(wish.user);
  if (named !== undefined && named.uid !== 0 && named.gid === 0) {
    throw new HardeningError("HRD_ERR_USER", "root's group is not for a service");
  }
  if (euid !== 0) {
    if (named !== undefined && named.uid !== euid) throw new HardeningError("HRD_ERR_USER", "only root can");
    return undefined;
  }
  if (named !== undefined) {
    if (named.uid !== 0) return named;
    if (!wish.allowRoot) throw new HardeningError("HRD_ERR_USER", "root needs --allow-root");
    return undefined;
  }
  if (wish.allowRoot) return undefined;

  const dedicated = native.findUser(dedicatedAccount);
  if (dedicated !== undefined && dedicated.uid !== 0) {
    return { ...dedicated, isDedicated: true, warning: undefined };
  }
  const nobody = native.findUser("nobody") ?? { uid: 65534, gid: 65534 };
  const warning =
    "serving as nobody, a user that other services may share and who can then stop this one; " +
    `make an account of its own: useradd --system ${dedicatedAccount}`;
  return { ...nobody, isDedicated: false, warning };
}

function findNamed(text: string): ServiceUser {
  const [name = "", group, ...rest] = text.split(":");
  if (rest.length > 0) throw new HardeningError("HRD_ERR_USER", "more than one group");
  const user = native.findUser(name);
  if (user === undefined) throw new HardeningError("HRD_ERR_USER", "there is no such user");
  const isDedicated = name === dedicatedAccount;
  if (group === undefined) return { ...user, isDedicated, warning: undefined };
  const gid = native.findGroup(group);
  if (gid === undefined) throw new HardeningError("HRD_ERR_USER", "there is no such group");
  return { uid: user.uid, gid, isDedicated, warning: undefined };
}

/**
 * Become that user on every thread, without groups or capabilities, for good.
 *
 * @throws {HardeningError} HRD_ERR_DROP naming the step that failed
 */
export function becomeServiceUser(user: ServiceUser): void {
  const failed = native.dropPrivileges(user.uid, user.gid);
  if (failed !== undefined) throw new HardeningError("HRD_ERR_DROP", failed);
}
