/** The place for the banner of `banner.tsx`, which is loaded when there is something to say. */

import { later } from "../ui/later.tsx";
import { lacking } from "./lacking.ts";

const Banner = later(async () => (await import("./banner.tsx")).Banner);

export const DownloadLimits = () => (lacking.value ? <Banner /> : null);
