/** Who is logged in and where, and what concerns the person rather than files: a menu in the top bar. */

import { ChevronDown, CircleUserRound, KeyRound, LogOut } from "lucide-preact";
import { type Info, signOut } from "../session/info.ts";
import { logOut, type Session } from "../session/session.ts";
import { visible } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import { ahead } from "../ui/later.tsx";
import { type MenuGroups, openMenu } from "../ui/menu.tsx";
import { fail } from "../ui/notices.tsx";
import { accountWords } from "./account-words.ts";
import { manageKeys } from "./keys.ts";
import { preferences } from "./preferences.ts";
import "./account.css";

interface AccountProps {
  readonly info: Info;
  readonly session: Session;
  /** Whether something is under way that ends with the login. */
  readonly isBusy: () => boolean;
}

const loadQuestion = ahead(() => import("./leaving.tsx"));

export function Account({ info, session, isBusy }: AccountProps) {
  const { user, upstream } = session;
  const title = info.upstreams.find(({ name }) => name === upstream)?.title || upstream;
  return (
    <Button
      class="account"
      look="quiet"
      icon={CircleUserRound}
      aria-haspopup="menu"
      aria-label={accountWords().account(visible(user), visible(title))}
      title={accountWords().whoWhere(visible(user), visible(title))}
      onClick={(event) => openMenu(items(info, isBusy), event.currentTarget)}
    >
      <span class="who">
        <bdi>{visible(user)}</bdi>
        {info.upstreams.length > 1 && (
          <small>
            <bdi>{visible(title)}</bdi>
          </small>
        )}
      </span>
      <ChevronDown size={16} aria-hidden="true" />
    </Button>
  );
}

function items(info: Info, isBusy: () => boolean): MenuGroups {
  const { sign_out: url } = info;
  const toLeave = (label: string, run: () => Promise<void>) => ({
    label,
    icon: LogOut,
    run: () => void leave(label, run, isBusy()),
  });
  return [
    [{ label: accountWords().keys, icon: KeyRound, run: () => void manageKeys() }],
    ...preferences(),
    [
      toLeave(accountWords().logOut, logOut),
      ...(url ? [toLeave(accountWords().signOut, () => leaveAll(url))] : []),
    ],
  ];
}

/** What is under way is not ended without a question. */
async function leave(label: string, run: () => Promise<void>, isBusy: boolean): Promise<void> {
  try {
    if (isBusy && !(await (await loadQuestion()).mayLeave(label))) return;
    await run();
  } catch (error) {
    fail(`${label}:`, error);
  }
}

async function leaveAll(url: string): Promise<void> {
  await logOut();
  try {
    await signOut(url);
    // What the page knows of the visitor is over.
    location.reload();
  } catch (error) {
    fail(accountWords().notSignedOut, error);
  }
}
