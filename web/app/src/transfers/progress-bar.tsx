/** How much of something is done. */

interface ProgressBarProps {
  readonly label: string;
  /** Between 0 and 1; nothing while it is not known. */
  readonly part: number | undefined;
  /** The same in words. */
  readonly text: string;
  readonly failed?: boolean;
}

export function ProgressBar({ label, part, text, failed }: ProgressBarProps) {
  return (
    <div
      role="progressbar"
      class={`progress ${failed ? "failed" : ""} ${part === undefined ? "unknown" : ""}`}
      aria-label={label}
      aria-valuenow={part === undefined ? undefined : Math.round(part * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuetext={text}
    >
      <div style={{ inlineSize: `${(part ?? 0) * 100}%` }} />
    </div>
  );
}
