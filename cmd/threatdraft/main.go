// Command threatdraft drafts STRIDE threats from architecture descriptions: as
// a server with an API and a validation queue (serve), or from one file to one
// document (draft).
//
// It holds flags and wiring only. What a command does stands in internal; this
// package decides which parts are connected, and is the only one that reads the
// environment, the clock and the process's signals.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], program{
		environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now, newID: newID,
	}))
}
