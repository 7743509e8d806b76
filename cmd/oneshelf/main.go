// Command oneshelf serves a brand's shelf and the tools around it. Everything is put together here.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/oneshelf/oneshelf/internal/version"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

type commands struct {
	Serve   serveCommand   `cmd:"" help:"Serve the API and do the background work."`
	Demo    demoCommand    `cmd:"" help:"Serve a demo brand with both marketplace sandboxes, trading by themselves."`
	Migrate migrateCommand `cmd:"" help:"Bring the database to this version."`
	Token   tokenCommand   `cmd:"" help:"Print a token and nothing else."`
	Import  importCommand  `cmd:"" help:"Bring in files."`
	Export  exportCommand  `cmd:"" help:"Write everything of one brand."`
	Backup  backupCommand  `cmd:"" help:"Write the whole database to a file."`
	Restore restoreCommand `cmd:"" help:"Read a backup into an empty database."`
	Audit   auditCommand   `cmd:"" help:"Compare the stock levels with the ledger."`
	Sandbox sandboxCommand `cmd:"" help:"Serve one marketplace's sandbox alone."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// streams are what a command reads and writes.
type streams struct {
	out, err io.Writer
}

// usageError is a fault of how the program was called.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdout, os.Stderr}))
}

// run is main without the process: it answers the exit code.
func run(ctx context.Context, args []string, io streams) (code int) {
	var c commands
	exited := false
	parser, err := kong.New(&c,
		kong.Name("oneshelf"), kong.Description("One shelf for a brand, shown everywhere."),
		kong.UsageOnError(), kong.Writers(io.out, io.err),
		kong.Exit(func(n int) { exited, code = true, n; panic(exit{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(io),
	)
	if err != nil {
		fmt.Fprintln(io.err, "oneshelf:", err)
		return exitFailed
	}
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(exit); !ok || !exited {
				panic(p)
			}
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(io.err, "oneshelf: %v\nTry 'oneshelf --help'.\n", err)
		return exitUsage
	}
	err = parsed.Run()
	if usage, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(io.err, "oneshelf: %v\nTry 'oneshelf %s --help'.\n", usage.error, parsed.Command())
		return exitUsage
	}
	if err != nil {
		fmt.Fprintln(io.err, "oneshelf:", err)
		return exitFailed
	}
	return exitOK
}

// exit unwinds the stack when kong has printed help and wants to leave.
type exit struct{}

type versionCommand struct{}

func (versionCommand) Run(io streams) error {
	fmt.Fprintln(io.out, "oneshelf", version.String())
	return nil
}
