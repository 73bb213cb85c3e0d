//! Which keys of a configuration that was read again are not those that the bridge was started with.

use super::{Admin, Audit, Config, Identity, Limits, Listen, Log, Page, Throttle, Traces, Upstream};

/// The names of those fields of two sections that differ. It takes all fields: a new one must get its place here.
macro_rules! differing {
    ($section:ident, $old:expr, $new:expr, $prefix:expr, [$($field:ident),+ $(,)?]) => {{
        let ($section { $($field: _),+ }, prefix) = ($old, $prefix);
        let mut names: Vec<String> = Vec::new();
        $(if $old.$field != $new.$field {
            names.push(format!("{prefix}.{}", stringify!($field)));
        })+
        names
    }};
}

impl Config {
    /// The keys, or sections, in which `new` differs and which count at the next start only. Policies are not among
    /// them: they are replaced while the bridge runs.
    pub fn needing_restart(&self, new: &Config) -> Vec<String> {
        let Config {
            default_upstream,
            listen,
            admin,
            page,
            upstreams,
            identity,
            limits,
            throttle,
            audit,
            log,
            traces,
        } = self;
        let mut names = Vec::new();
        if *default_upstream != new.default_upstream {
            names.push("default_upstream".to_owned());
        }
        names.extend(differing_listen(listen, &new.listen));
        names.extend(differing!(Admin, admin, new.admin, "admin", [address]));
        names.extend(differing!(Page, page, new.page, "page", [title, enabled, frame_ancestors]));
        for (name, upstream) in upstreams {
            match new.upstreams.get(name) {
                Some(now) => names.extend(differing_upstream(name, upstream, now)),
                None => names.push(format!("upstreams.{name}")),
            }
        }
        let added = new.upstreams.keys().filter(|name| !upstreams.contains_key(*name));
        names.extend(added.map(|name| format!("upstreams.{name}")));
        names.extend(differing_identity(identity, &new.identity));
        names.extend(differing_limits(limits, &new.limits));
        names.extend(differing_throttle(throttle, &new.throttle));
        names.extend(differing!(Audit, audit, new.audit, "audit", [sink, required]));
        names.extend(differing!(Log, log, new.log, "log", [format, level]));
        names.extend(differing!(Traces, traces, new.traces, "traces", [endpoint]));
        names
    }
}

fn differing_listen(old: &Listen, new: &Listen) -> Vec<String> {
    differing!(
        Listen,
        old,
        new,
        "listen",
        [
            address,
            socket_mode,
            base_path,
            allowed_origins,
            tls,
            trusted_proxies,
            proxy_protocol_from,
            require_subprotocol,
        ]
    )
}

fn differing_identity(old: &Identity, new: &Identity) -> Vec<String> {
    differing!(Identity, old, new, "identity", [users_file, jwt, trusted_header, client_certificate, oidc])
}

fn differing_limits(old: &Limits, new: &Limits) -> Vec<String> {
    differing!(
        Limits,
        old,
        new,
        "limits",
        [
            sessions,
            sessions_per_user,
            sessions_per_address,
            packet,
            idle,
            lifetime,
            linger,
            stall,
            drain,
            keepalive,
        ]
    )
}

fn differing_throttle(old: &Throttle, new: &Throttle) -> Vec<String> {
    differing!(
        Throttle,
        old,
        new,
        "throttle",
        [attempts_per_address, attempts_per_user, window, login_attempts]
    )
}

fn differing_upstream(name: &str, old: &Upstream, new: &Upstream) -> Vec<String> {
    let mut names = differing!(
        Upstream,
        old,
        new,
        format!("upstreams.{name}"),
        [
            title,
            address,
            known_hosts,
            host_keys,
            legacy,
            credentials,
            connect_timeout,
            login_timeout,
            keepalive,
            resume,
            policy,
        ]
    );
    names.retain(|key| *key != format!("upstreams.{name}.policy"));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;

    const TEXT: &str = "default_upstream = \"main\"
[listen]
allowed_origins = []
[upstreams.main]
address = \"127.0.0.1:22\"
host_keys = [\"SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM\"]
[limits]
idle = \"1h\"
";

    fn config(text: &str) -> Config {
        Config::resolve(Some(("x.toml".as_ref(), text)), [], &Overrides::default()).unwrap()
    }

    fn changed(from: &str, to: &str) -> Vec<String> {
        assert!(TEXT.contains(from), "{from}");
        config(TEXT).needing_restart(&config(&TEXT.replace(from, to)))
    }

    #[test]
    fn a_changed_key_is_named() {
        assert_eq!(changed("\"1h\"", "\"2h\""), ["limits.idle"]);
        assert_eq!(
            changed(":22\"", ":23\"\nlegacy = true"),
            ["upstreams.main.address", "upstreams.main.legacy"]
        );
        assert_eq!(changed("[]", "[\"https://x.example\"]"), ["listen.allowed_origins"]);
        let more = "[upstreams.more]\naddress = \"127.0.0.1:22\"\n\
                    host_keys = [\"SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM\"]\n[limits]";
        assert_eq!(changed("[limits]", more), ["upstreams.more"]);
    }

    #[test]
    fn what_means_the_same_is_not_named() {
        assert!(changed("\"1h\"", "\"60m\"").is_empty());
        assert!(changed("[listen]", "# listen\n[listen]").is_empty());
    }

    #[test]
    fn a_policy_needs_no_restart() {
        assert!(changed("[limits]", "[upstreams.main.policy]\nread_only = true\n[limits]").is_empty());
    }
}
