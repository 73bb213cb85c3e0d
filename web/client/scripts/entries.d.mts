export declare const entries: Readonly<Record<string, string>>;
