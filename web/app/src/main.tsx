/** Where the page begins. */

import { render } from "preact";
import { Start } from "./app/start.tsx";
import "./style/tokens.css";
import "./style/base.css";
import "./ui/theme.ts";

render(<Start />, document.body);
