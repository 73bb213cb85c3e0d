//! What a manual page says beside synopsis and options.

/// A section, and what each thing in it is.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) items: &'static [Item],
}

type Item = (&'static str, &'static str);

const fn section(title: &'static str, items: &'static [Item]) -> Section {
    Section { title, items }
}

const CONFIG_FILES: Section = section(
    "FILES",
    &[
        ("./proxy.toml", "The configuration, if it is there and no other is named."),
        ("/etc/sftpbridge/proxy.toml", "The configuration otherwise; see proxy.toml(5)."),
    ],
);

const KEY_VARIABLE: Item = (
    "SFTPBRIDGE_SECTION__KEY",
    "A key of the configuration, in place of the one in the file: SFTPBRIDGE_LIMITS__IDLE=30m is idle in [limits].",
);

const SUCCESS_OR_USAGE: Section = section(
    "EXIT STATUS",
    &[("0", "Printed or written."), ("64", "A wrong argument."), ("1", "It could not be written.")],
);

/// The sections of a command's page, or of the program's. A test asks for those of every command.
pub(super) fn sections(command: &str) -> &'static [Section] {
    match command {
        "sftpbridge" => PROGRAM,
        "serve" => SERVE,
        "demo" => DEMO,
        "connect" => CONNECT,
        "check" => CHECK,
        "keyscan" => KEYSCAN,
        "hash-password" => HASH_PASSWORD,
        "healthcheck" => HEALTHCHECK,
        "completions" => COMPLETIONS,
        "man" => MAN,
        _ => &[],
    }
}

const PROGRAM: &[Section] = &[
    section(
        "EXIT STATUS",
        &[
            ("0", "It worked, or serve was asked to end."),
            ("1", "It failed; one sentence on standard error says why."),
            ("64", "A wrong argument or configuration."),
            ("77", "connect: the login was refused."),
        ],
    ),
    CONFIG_FILES,
    section("ENVIRONMENT", &[KEY_VARIABLE]),
    section(
        "EXAMPLES",
        &[
            ("sftpbridge demo", "Tries it without a configuration: prints an address and a login."),
            (
                "sftpbridge keyscan files.example.org >> known_hosts",
                "Writes down the keys of a server, to be compared.",
            ),
            (
                "sftpbridge check",
                "Tells whether the configured servers can be reached, and what to do if not.",
            ),
            ("sftpbridge serve", "Runs the bridge."),
        ],
    ),
];

const SERVE: &[Section] = &[
    section(
        "EXIT STATUS",
        &[
            ("0", "Ended by SIGTERM or SIGINT, after the sessions."),
            ("1", "It could not listen or start."),
            ("64", "A wrong argument or configuration, a file that it names included."),
        ],
    ),
    section(
        "SIGNALS",
        &[
            (
                "SIGTERM, SIGINT",
                "No new sessions; those that run may go on for limits.drain. The second one shortens that.",
            ),
            ("SIGHUP", "Files are read again at once, and the audit log is opened anew."),
        ],
    ),
    CONFIG_FILES,
    section(
        "ENVIRONMENT",
        &[
            KEY_VARIABLE,
            (
                "LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES",
                "Sockets of systemd, in place of listen.address; the one called admin in place of admin.address. See \
                 sd_listen_fds(3).",
            ),
            ("NOTIFY_SOCKET", "Whom to tell that it listens, and that it drains. See sd_notify(3)."),
        ],
    ),
    section(
        "EXAMPLES",
        &[
            ("sftpbridge serve --config proxy.toml", "Runs the bridge in the foreground."),
            ("systemctl enable --now sftpbridge", "Runs it as a service, as the Debian package has it."),
        ],
    ),
];

const DEMO: &[Section] = &[
    section(
        "EXIT STATUS",
        &[
            ("0", "Ended by Ctrl-C or SIGTERM."),
            ("1", "It could not listen or start."),
            ("64", "A wrong argument, or a folder that cannot be used."),
        ],
    ),
    section(
        "EXAMPLES",
        &[
            ("sftpbridge demo --root ~/Documents", "Shows this folder to whoever has the login it prints."),
            (
                "sftpbridge demo --allow-origin http://localhost:5173",
                "While a page of your own is made, served from there.",
            ),
        ],
    ),
];

const CONNECT: &[Section] = &[
    section(
        "EXIT STATUS",
        &[
            ("0", "The session ended in order."),
            ("1", "No session, or it broke; one sentence on standard error says why."),
            ("64", "A wrong argument, or a file of a key, password or token that cannot be used."),
            ("77", "The login was refused, nothing is left to log in with, or nobody can be asked."),
        ],
    ),
    section(
        "FILES",
        &[(
            "~/.ssh/id_ed25519, ~/.ssh/id_ecdsa, ~/.ssh/id_rsa",
            "Private keys, where no --identity is given.",
        )],
    ),
    section(
        "ENVIRONMENT",
        &[
            ("SFTPBRIDGE_PASSWORD", "The password."),
            ("SFTPBRIDGE_TOKEN", "The bearer token."),
            ("SSH_AUTH_SOCK", "The socket of an ssh-agent."),
            ("SSH_ASKPASS, SSH_ASKPASS_REQUIRE", "A program that asks, as for ssh(1)."),
            ("USER", "The user name, where none is given."),
        ],
    ),
    section(
        "EXAMPLES",
        &[
            (
                "sftp -D \"sftpbridge connect wss://files.example.org/sftp --user me\"",
                "The usual sftp through the bridge.",
            ),
            (
                "sshfs -o ssh_command=\"sftpbridge connect wss://files.example.org/sftp\" me@files.example.org: ~/files",
                "Mounts what the server has.",
            ),
        ],
    ),
];

const CHECK: &[Section] = &[
    section(
        "EXIT STATUS",
        &[
            ("0", "Nothing failed; warnings do not count."),
            ("1", "Something failed."),
            ("64", "A wrong argument or configuration."),
        ],
    ),
    CONFIG_FILES,
    section(
        "ENVIRONMENT",
        &[
            KEY_VARIABLE,
            ("SFTPBRIDGE_PASSWORD", "The password."),
            ("NO_COLOR", "If it is set, there are no colours."),
        ],
    ),
    section(
        "EXAMPLES",
        &[
            ("sftpbridge check", "Looks at all upstreams, up to the login."),
            ("sftpbridge check --upstream main --user me", "Asks for the password, and logs in to one."),
        ],
    ),
];

const KEYSCAN: &[Section] = &[
    section(
        "EXIT STATUS",
        &[("0", "A key was shown."), ("1", "No key was shown."), ("64", "A wrong argument.")],
    ),
    section(
        "EXAMPLES",
        &[(
            "sftpbridge keyscan files.example.org:2222 >> known_hosts",
            "Lines for known_hosts; the fingerprints are in comments. Compare them with what the operator of the server \
             tells you: whoever answered may be somebody else.",
        )],
    ),
];

const HASH_PASSWORD: &[Section] = &[
    section(
        "EXIT STATUS",
        &[
            ("0", "A line was printed."),
            ("1", "It could not ask or print."),
            ("64", "A password or name that cannot be one, or two that differ."),
        ],
    ),
    section(
        "EXAMPLES",
        &[(
            "sftpbridge hash-password --user alice >> users",
            "Asks twice, and adds alice to the users file.",
        )],
    ),
];

const HEALTHCHECK: &[Section] = &[
    section(
        "EXIT STATUS",
        &[
            ("0", "The bridge is well."),
            ("1", "It is not, or the configuration cannot be read."),
            ("64", "A wrong argument."),
        ],
    ),
    CONFIG_FILES,
    section("ENVIRONMENT", &[KEY_VARIABLE]),
    section(
        "EXAMPLES",
        &[
            ("sftpbridge healthcheck", "Asks the bridge that runs by the configuration of this machine."),
            ("sftpbridge healthcheck http://127.0.0.1:9022", "Asks the one at this address."),
        ],
    ),
];

const COMPLETIONS: &[Section] = &[
    SUCCESS_OR_USAGE,
    section(
        "EXAMPLES",
        &[
            (
                "source <(sftpbridge completions bash)",
                "For this shell. The Debian package has the files for bash, zsh and fish.",
            ),
            (
                "sftpbridge completions fish > ~/.config/fish/completions/sftpbridge.fish",
                "For fish, for good.",
            ),
        ],
    ),
];

const MAN: &[Section] = &[
    SUCCESS_OR_USAGE,
    section(
        "EXAMPLES",
        &[
            ("sftpbridge man serve | man -l -", "Reads the page of a command."),
            ("sftpbridge man proxy.toml | man -l -", "Reads what the configuration may say."),
            (
                "sftpbridge man --out ~/.local/share/man/man1",
                "Keeps all pages for man(1); proxy.toml.5 belongs into man5.",
            ),
        ],
    ),
];
