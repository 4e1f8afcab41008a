import type { View } from "../appliance/model/contracts.ts";
import type { State } from "../appliance/model/site.ts";
import type { TimeWords } from "../appliance/model/words.ts";
import type { Html } from "./html.ts";
import type { Memo } from "./memo.ts";
import type { Texts } from "./text.ts";

/** What a page is drawn from: one moment, one viewer, one address. */
export interface PageContext {
  readonly view: View;
  readonly nowMs: number;
  readonly words: TimeWords;
  readonly t: Texts;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Asks from this machine: may see addresses and everything else, and may act. */
  readonly isLocal: boolean;
  /** Goes into every form; absent where no form may be. */
  readonly csrf?: string;
  readonly memo: Memo;
  /** Why the form that was sent was not taken; `query` has its fields then. */
  readonly refused?: string;
  /** What the form that was sent made, to be seen this once: never part of an address. */
  readonly made?: Readonly<Record<string, string>>;
}

/** A page's live parts as markup, by their id, each in its own element. */
export type Parts = Readonly<Record<string, Html>>;

export interface PageContent {
  /** Plain text. */
  readonly title: string;
  /** For the icon of the tab. */
  readonly state: State;
  readonly main: Html;
  readonly hasCharts?: boolean;
}

/** What a form leads to: another page, or the reason why not (422). */
export type Outcome =
  | { readonly to: string }
  | {
      /** The page is shown at once, with this: a password that nobody can see again. */
      readonly made: Readonly<Record<string, string>>;
    }
  | {
      readonly refused: string;
      /** What was entered: the page is shown again with it, and with the reason. Without: a page with the reason. */
      readonly fields?: Readonly<Record<string, string>>;
    };

/** One page: its address, its whole and its live parts. Each file of `pages/` exports one as `page`. */
export interface Page {
  /** Unique; `/live?page=<name>`. */
  readonly name: string;
  /** `/devices/:id`; live parts are at `/f` + path + `/` + part. */
  readonly path: string;
  /** `anyone` sees it from everywhere; all else is for this machine only. */
  readonly access: "anyone" | "local";
  /** Its entry in the header; absent: none. */
  readonly nav?: { readonly text: string; readonly order: number };
  /** Whether there is such a thing; false gives 404. */
  exists?(context: PageContext): boolean;
  /** Parts that renew themselves. An undefined one is left out. */
  readonly parts: Readonly<Record<string, (context: PageContext) => Html | Promise<Html>>>;
  page(context: PageContext, parts: Parts): PageContent | Promise<PageContent>;
  /** Forms: POST to the page's path + `/<name>`. */
  readonly actions?: Readonly<
    Record<
      string,
      (context: PageContext, body: Readonly<Record<string, string>>) => Outcome | Promise<Outcome>
    >
  >;
}
