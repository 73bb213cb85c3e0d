// @ts-check
/** Figures as this browser's region writes them. */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** @param {number} count */
export function bytes(count) {
  const power = count < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  const options = {
    style: "unit",
    unit: UNITS[power],
    unitDisplay: "short",
    maximumFractionDigits: power ? 1 : 0,
  };
  return new Intl.NumberFormat(undefined, /** @type {Intl.NumberFormatOptions} */ (options)).format(
    count / 1000 ** power,
  );
}

/** @param {number} seconds */
export function duration(seconds) {
  const [count, unit] =
    seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
  const options = { style: "unit", unit, unitDisplay: "long" };
  return new Intl.NumberFormat(undefined, /** @type {Intl.NumberFormatOptions} */ (options)).format(
    Math.ceil(count),
  );
}
