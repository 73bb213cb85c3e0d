/** Makes icons of what lucide knows of them: the build puts this in the place of lucide's own way. */

import { h, type JSX } from "preact";

interface Drawing {
  readonly node: readonly (readonly [string, Readonly<Record<string, string>>])[];
}

interface IconProps extends Omit<JSX.SVGAttributes<SVGSVGElement>, "size"> {
  readonly size?: number;
  readonly strokeWidth?: number;
}

export default function createIcon({ node }: Drawing) {
  return ({ size = 24, strokeWidth = 2, ...rest }: IconProps) =>
    h(
      "svg",
      {
        width: size,
        height: size,
        viewBox: "0 0 24 24",
        fill: "none",
        stroke: "currentColor",
        "stroke-width": strokeWidth,
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
        ...rest,
      },
      node.map(([tag, attributes]) => h(tag, attributes)),
    );
}
