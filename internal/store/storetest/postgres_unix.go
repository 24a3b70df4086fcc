//go:build unix

package storetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// watch runs the server for as long as somebody holds the pipe on its standard
// input, so that it ends with the test binary however that ends.
const watch = `"$0" -D data -k "$PWD" -p 5432 -c listen_addresses= -c fsync=off -c synchronous_commit=off \
-c full_page_writes=off -c max_connections=300 -c shared_buffers=32MB -c timezone=Asia/Kathmandu >log 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -INT $server
wait $server
cd / && rm -rf "$1"`

// startPostgres makes a cluster in a temporary folder and serves it on a socket
// there. PostgreSQL refuses to run as root; then it runs as postgres or nobody.
// The server's time zone is odd on purpose.
func startPostgres() (string, error) {
	bin, err := findPostgres()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "threatdraft-pg-")
	if err != nil {
		return "", fmt.Errorf("make folder: %w", err)
	}
	as, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	if err := initCluster(bin, dir, as); err != nil {
		return "", err
	}
	server := exec.Command("/bin/sh", "-c", watch, filepath.Join(bin, "postgres"), dir)
	server.Dir = dir
	// A group of its own, so that an interrupt from the terminal reaches the
	// test binary alone and the folder is still removed.
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: as}
	if _, err := server.StdinPipe(); err != nil {
		return "", fmt.Errorf("make pipe: %w", err)
	}
	if err := server.Start(); err != nil {
		return "", fmt.Errorf("start postgres: %w", err)
	}
	// Waiting keeps the pipe reachable: once collected, it is closed, and the
	// server ends in the middle of a test.
	go func() { _ = server.Wait() }()
	address := "postgres://threatdraft@/postgres?sslmode=disable&port=5432&host=" + dir
	return address, awaitServer(address, dir)
}

func initCluster(bin, dir string, as *syscall.Credential) error {
	base := []string{"-D", "data", "-U", "threatdraft", "-A", "trust", "-E", "UTF8", "--no-sync"}
	// A locale that does not compare byte by byte shows columns that lack a
	// collation; a build without ICU has to do without.
	var err error
	for _, locale := range [][]string{{"--locale=C", "--locale-provider=icu", "--icu-locale=en-US"}, {"--locale=C"}} {
		initdb := exec.Command(filepath.Join(bin, "initdb"), append(slices.Clone(base), locale...)...)
		initdb.Dir = dir
		initdb.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		out, failed := initdb.CombinedOutput()
		if failed == nil {
			return nil
		}
		err = fmt.Errorf("initdb: %w: %s", failed, out)
	}
	return err
}

func awaitServer(address, dir string) error {
	var err error
	for range 600 {
		if err = administer(address, "select 1"); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond) // another program's start has no event to wait for
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	return fmt.Errorf("postgres does not answer: %w: %s", err, log)
}

// findPostgres returns the folder of initdb and postgres.
func findPostgres() (string, error) {
	candidates, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", fmt.Errorf("look for postgres: %w", err)
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	slices.Reverse(candidates)
	for _, bin := range candidates {
		_, initdb := os.Stat(filepath.Join(bin, "initdb"))
		_, postgres := os.Stat(filepath.Join(bin, "postgres"))
		if initdb == nil && postgres == nil {
			return bin, nil
		}
	}
	return "", errNoPostgres
}

// unprivileged returns whom to run as and gives the folder to them; nil where
// the tests do not run as root.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var failed error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("read user %s: %w", name, err)
		}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return nil, fmt.Errorf("give folder to %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("find a user to run postgres as: %w", failed)
}
