/** Sizes, times and numbers as they are written in the language of the page. Call them while rendering. */

import { computed } from "@preact/signals";
import { locale } from "./language.ts";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];

const formats = computed(() => {
  const tag = locale.value;
  return {
    number: new Intl.NumberFormat(tag),
    percent: new Intl.NumberFormat(tag, { style: "percent" }),
    date: new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" }),
    exact: new Intl.DateTimeFormat(tag, { dateStyle: "full", timeStyle: "medium" }),
    sizes: UNITS.map(
      (unit, index) =>
        new Intl.NumberFormat(tag, {
          style: "unit",
          unit,
          unitDisplay: index ? "short" : "long",
          maximumSignificantDigits: index ? 3 : 6,
        }),
    ),
  };
});

export const number = (value: number): string => formats.value.number.format(value);

/** Of a part between 0 and 1; 100 % only where it is all. */
export const percent = (part: number): string =>
  formats.value.percent.format(Math.floor(Math.min(1, part) * 100) / 100);

/** Decimal units, three digits: 1.23 MB. */
export function size(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes * 1.0005) / 3));
  return formats.value.sizes[power]?.format(bytes / 1000 ** power) ?? String(bytes);
}

/** Bytes a second. */
export const speed = (bytes: number): string => `${size(bytes)}/s`;

/** Seconds since 1970, to the minute. */
export const date = (seconds: number): string => formats.value.date.format(seconds * 1000);

/** To the second, with the day of the week. */
export const exactDate = (seconds: number): string => formats.value.exact.format(seconds * 1000);

/** How long something takes, in at most two units: 2 min 5 s. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [
    ["day", Math.floor(whole / 86_400)],
    ["hour", Math.floor(whole / 3_600) % 24],
    ["minute", Math.floor(whole / 60) % 60],
    ["second", whole % 60],
  ] as const;
  const first = parts.findIndex(([, value]) => value > 0);
  const shown = first < 0 ? [parts[3]] : parts.slice(first, first + 2).filter(([, value]) => value > 0);
  return shown
    .map(([unit, value]) =>
      new Intl.NumberFormat(locale.value, { style: "unit", unit, unitDisplay: "narrow" }).format(value),
    )
    .join(" ");
}
