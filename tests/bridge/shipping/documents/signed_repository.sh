# shellcheck shell=bash
# For a page that makes a release: the shell goes on in a repository that has another one as its origin, of somebody who
# signs by an SSH key. Nothing of it leaves the page's world.
git config --global user.name 'A Releaser'
git config --global user.email releaser@example.org
git config --global gpg.format ssh
git config --global user.signingKey "$HOME/.ssh/release"
git config --global gpg.ssh.allowedSignersFile "$HOME/.ssh/signers"
install -d -m 700 "$HOME/.ssh"
ssh-keygen -q -t ed25519 -N '' -f "$HOME/.ssh/release"
printf 'releaser@example.org %s\n' "$(cat "$HOME/.ssh/release.pub")" >"$HOME/.ssh/signers"
git init --quiet --bare origin.git
git init --quiet sftpbridge
cd sftpbridge || exit
git remote add origin ../origin.git
git commit --quiet --allow-empty --message 'What is released'
