# shellcheck shell=bash disable=SC2154
# Takes things out of Debian packages without installing them. For scripts that source it, and that have
# a `$log`: the file that tells what went wrong.

fail() {
    echo "$*" >>"$log"
    return 1
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

# Downloads packages into the current folder, refreshing apt's lists only when it must.
apt_download() {
    apt-get download -q "$@" >>"$log" 2>&1 && return 0
    as_root apt-get update -q >>"$log" 2>&1 || fail "apt-get update failed" || return 1
    apt-get download -q "$@" >>"$log" 2>&1 || fail "apt-get could not download $*"
}

# Unpacks the packages $2.. into the folder $1, which is made.
debian_unpack() {
    local into=$1 package
    shift
    command -v apt-get >/dev/null || fail "apt-get is needed to fetch it" || return 1
    # Readable by apt's own user, which would else warn.
    mkdir -p "$into/deb" && chmod 755 "$into" "$into/deb" || return 1
    (
        cd "$into/deb" || exit 1
        apt_download "$@" || exit 1
        for package in *.deb; do
            dpkg-deb -x "$package" .. >>"$log" 2>&1 || fail "dpkg-deb failed" || exit 1
        done
    ) || return 1
    rm -rf "$into/deb"
}
