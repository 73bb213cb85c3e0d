/** How each kind of file is shown. */

import { useSignal } from "@preact/signals";
import { FileQuestionMark } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { Entry, SftpPath } from "sftpbridge-client";
import type { Workspace } from "../app/workspace.ts";
import { controlsPage, serviceWorker } from "../downloads/service.ts";
import { exactDate, size as formatSize, percent } from "../text/format.ts";
import { visibleName } from "../text/name.ts";
import { bytesOf, type Looked, MOST_TEXT } from "./file.ts";
import type { Kind } from "./kind.ts";
import { inPieces } from "./pieces.ts";
import { decode } from "./text.ts";
import { words } from "./words.ts";

export interface ViewProps {
  readonly workspace: Workspace;
  readonly entry: Entry;
  readonly path: SftpPath;
  readonly looked: Looked;
  /** An image in its own size, a text with lines that wrap. */
  readonly toggled: boolean;
  readonly onToggle: () => void;
  readonly download: ComponentChildren;
  /** It could not be read. */
  readonly onError: (error: unknown) => void;
}

/** Images, and media where there is no service worker, are held in memory. */
const MOST_IMAGE = 2 ** 28;

/** What is to be shown, on its way or there. */
interface Loading<T> {
  readonly value?: T;
  readonly part?: number;
}

/** Runs until it is there or not wanted any more. */
function useLoaded<T>(
  { onError }: ViewProps,
  load: (signal: AbortSignal, tell: (part: number) => void) => Promise<T>,
  dispose?: (value: T) => void,
) {
  const state = useSignal<Loading<T>>({});
  useEffect(() => {
    const stop = new AbortController();
    let made: { readonly value: T } | undefined;
    const tell = (part: number) => {
      state.value = { part };
    };
    load(stop.signal, tell).then(
      (value) => {
        made = { value };
        if (stop.signal.aborted) dispose?.(value);
        else state.value = made;
      },
      (error) => {
        if (!stop.signal.aborted) onError(error);
      },
    );
    return () => {
      stop.abort();
      if (made) dispose?.(made.value);
    };
  }, []);
  return state.value;
}

export function View(props: ViewProps) {
  const { kind } = props.looked.kind;
  if (kind === "image") return <ImageView {...props} />;
  if (kind === "audio" || kind === "video") return <MediaView {...props} />;
  if (kind === "pdf") return <PdfView {...props} />;
  if (kind === "text") return <TextView {...props} />;
  return <Facts {...props} why={words().noPreview} />;
}

/** What is known of it, where there is nothing to be seen. */
export function Facts({ looked, why, download }: ViewProps & { readonly why: string }) {
  const say = words();
  return (
    <div class="preview-facts">
      <FileQuestionMark size={48} aria-hidden="true" />
      <p role="status">{why}</p>
      <dl>
        <dt>{say.size}</dt>
        <dd>{formatSize(looked.size)}</dd>
        {looked.mtime !== undefined && <dt>{say.modified}</dt>}
        {looked.mtime !== undefined && <dd>{exactDate(looked.mtime)}</dd>}
      </dl>
      {download}
    </div>
  );
}

export function Waiting({ part }: { readonly part?: number | undefined }) {
  const say = words();
  return (
    <p class="preview-waiting" role="status">
      {part === undefined ? say.loading : say.loaded(percent(part))}
    </p>
  );
}

/** The type is what the first bytes say, so that a browser takes it for nothing else. */
async function blobUrl(
  { workspace, path, looked }: ViewProps,
  type: string,
  signal: AbortSignal,
  tell: (part: number) => void,
): Promise<string> {
  const transfer = workspace.client.download(path, undefined, { maximum: MOST_IMAGE, signal });
  for await (const { bytes } of transfer) tell(looked.size ? bytes / looked.size : 0);
  const { blob } = await transfer;
  return URL.createObjectURL(new Blob(blob ? [blob] : [], { type }));
}

const typeOf = (kind: Kind) => ("type" in kind ? kind.type : "application/octet-stream");

function ImageView(props: ViewProps) {
  if (props.looked.size > MOST_IMAGE) return <Facts {...props} why={words().tooLarge} />;
  return <LoadedImage {...props} />;
}

function LoadedImage(props: ViewProps) {
  const { entry, looked, toggled, onToggle } = props;
  const { value, part } = useLoaded(
    props,
    (signal, tell) => blobUrl(props, typeOf(looked.kind), signal, tell),
    URL.revokeObjectURL,
  );
  const broken = useSignal(false);
  const say = words();
  if (broken.value) return <Facts {...props} why={say.cannotShow} />;
  if (!value) return <Waiting part={part} />;
  return (
    <div class={toggled ? "preview-image actual" : "preview-image"} {...scrollable(toggled, say.content)}>
      {/* biome-ignore lint/a11y: the button below does the same */}
      <img
        src={value}
        alt={say.image(visibleName(entry))}
        onClick={onToggle}
        onError={() => {
          broken.value = true;
        }}
      />
    </div>
  );
}

/** What scrolls can be reached by keys. */
const scrollable = (is: boolean, name: string) =>
  is ? ({ tabIndex: 0, role: "region", "aria-label": name } as const) : {};

interface Playable {
  readonly url: string;
  readonly leave: () => void;
}

async function playable(
  props: ViewProps,
  signal: AbortSignal,
  tell: (part: number) => void,
): Promise<Playable | undefined> {
  const { workspace, entry, path, looked } = props;
  const type = typeOf(looked.kind);
  const downloads = (await controlsPage()) ? await serviceWorker() : undefined;
  if (downloads) {
    const { url, revoke } = downloads.offer({
      name: entry.name,
      size: looked.size,
      type,
      inline: true,
      open: (start, end) => inPieces(workspace.client, path, start, end ?? looked.size),
    });
    return { url, leave: revoke };
  }
  if (looked.size > MOST_IMAGE) return undefined;
  const url = await blobUrl(props, type, signal, tell);
  return { url, leave: () => URL.revokeObjectURL(url) };
}

function MediaView(props: ViewProps) {
  const { looked, entry } = props;
  const loading = useLoaded(
    props,
    (signal, tell) => playable(props, signal, tell).then((it) => ({ it })),
    ({ it }) => it?.leave(),
  );
  const broken = useSignal(false);
  const say = words();
  if (!loading.value) return <Waiting part={loading.part} />;
  const { it } = loading.value;
  if (!it) return <Facts {...props} why={isSecureContext ? say.needsReload : say.needsHttps} />;
  if (broken.value) return <Facts {...props} why={say.cannotPlay} />;
  const media = {
    src: it.url,
    controls: true,
    preload: "metadata",
    "aria-label": visibleName(entry),
    onError: () => {
      broken.value = true;
    },
  } as const;
  return (
    <div class="preview-media">
      {looked.kind.kind === "audio" ? <audio {...media} /> : <video {...media} />}
    </div>
  );
}

/** By the browser's own viewer, in a frame that may do nothing. */
function PdfView(props: ViewProps) {
  const { workspace, entry, path, looked } = props;
  const { value } = useLoaded(
    props,
    async () => {
      const downloads = navigator.pdfViewerEnabled ? await serviceWorker() : undefined;
      const offer = downloads?.offer({
        name: entry.name,
        size: looked.size,
        type: "application/pdf",
        inline: true,
        open: (start, end) => workspace.client.readable(path, { start, end }),
      });
      return { offer };
    },
    ({ offer }) => offer?.revoke(),
  );
  if (!value) return <Waiting />;
  if (!value.offer) return <Facts {...props} why={words().cannotShow} />;
  return <iframe class="preview-pdf" title={visibleName(entry)} src={value.offer.url} />;
}

const ENCODINGS = {
  "utf-8": "UTF-8",
  "utf-16le": "UTF-16",
  "utf-16be": "UTF-16",
  "windows-1252": "Latin-1",
} as const;

function TextView(props: ViewProps) {
  const { workspace, path, looked, toggled } = props;
  const { value } = useLoaded(props, async (signal) =>
    decode(await bytesOf(workspace.client, path, MOST_TEXT, signal), looked.size <= MOST_TEXT),
  );
  const say = words();
  if (!value) return <Waiting />;
  return (
    <div class="preview-text">
      {(looked.size > MOST_TEXT || value.encoding !== "utf-8") && (
        <p class="preview-note">
          {looked.size > MOST_TEXT && say.beginning(formatSize(MOST_TEXT))}{" "}
          {value.encoding !== "utf-8" && say.encoding(ENCODINGS[value.encoding])}
        </p>
      )}
      <pre class={toggled ? "wrapped" : ""} dir="auto" {...scrollable(true, say.content)}>
        {value.text}
      </pre>
    </div>
  );
}
