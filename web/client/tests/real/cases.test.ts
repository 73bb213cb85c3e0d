import { afterAll, beforeAll, test } from "vitest";
import { cases } from "../cases/index.ts";
import { Place } from "../support/place.ts";

let place: Place;

beforeAll(async () => {
  place = await Place.start();
});

afterAll(() => place?.[Symbol.asyncDispose]());

test.each(cases)("$name", ({ run }) => run(place.env()), 30_000);
