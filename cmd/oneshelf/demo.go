package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/demo"
	"github.com/oneshelf/oneshelf/server/page"
)

// What the demo's brand sells in and what its channels are connected with.
const (
	demoCurrency = "CNY"
	demoTokenTTL = 24 * time.Hour

	demoTaobaoCategory = "50010850"
	demoJDCategory     = "9719"
	demoJDFreight      = "7654321"
)

type demoCommand struct {
	serving
	Fresh       bool `name:"fresh" help:"Start over: forget what the demo has kept."`
	QuietBuyers bool `name:"quiet-buyers" help:"Nobody buys by himself."`
}

func (demoCommand) Help() string {
	return `Serves the API with an invented brand, both marketplace sandboxes and simulated buyers, all in this process.

Examples:
  oneshelf demo
  oneshelf demo --fresh --quiet-buyers
  oneshelf demo --addr 127.0.0.1:9000 --data-dir /tmp/shelf`
}

func (c *demoCommand) Run(ctx context.Context, io streams) error {
	if c.AllowLoopback == "" {
		c.AllowLoopback = "on"
	}
	if c.LogLevel == "info" {
		c.LogLevel = "warn" // the ticker tells what happens
	}
	if err := c.check(); err != nil {
		return err
	}
	if c.Fresh {
		if err := c.forget(); err != nil {
			return err
		}
	}
	log := c.logger(io.err)
	a, err := assemble(ctx, c.data, log, c.AllowLoopback == "on")
	if err != nil {
		return err
	}
	defer a.close()
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	boxes, err := openSandboxes(ctx, c.DataDir, a.seal, func(err error) { log.Error("a sandbox ended", "error", err); stop() })
	if err != nil {
		return err
	}
	deps, viewer, err := c.seed(ctx, a, boxes)
	if err != nil {
		return err
	}
	token, err := a.keys.Sign(auth.Claims{Subject: "demo", Brand: demo.Code, Scopes: auth.Scopes(), Expires: time.Now().Add(demoTokenTTL)})
	if err != nil {
		return err
	}
	a.page = page.Options{Token: token}
	fmt.Fprintln(io.out, demo.Banner{
		Address: listener.Addr().String(), Token: token, DataDir: c.DataDir, Quiet: c.QuietBuyers, File: filepath.Join(c.DataDir, "sandboxes.json"),
		Sandboxes: []demo.BannerSandbox{
			{Channel: "taobao", Gateway: boxes.Taobao.GatewayURL, Control: boxes.Taobao.Control},
			{Channel: "jd", Gateway: boxes.JD.GatewayURL, Control: boxes.JD.Control},
		},
	})
	play, end := context.WithCancel(auth.With(ctx, viewer))
	var playing sync.WaitGroup
	playing.Go(func() { c.tick(play, a, io.out, log) })
	if !c.QuietBuyers {
		playing.Go(func() { demo.Trade(play, deps, demo.Pace{}) })
	}
	err = a.serve(ctx, c.serving, listener)
	end()
	playing.Wait()
	return err
}

// seed brings the demo's brand in; what is there already stays.
func (c *demoCommand) seed(ctx context.Context, a *app, boxes *sandboxes) (demo.Deps, *auth.Viewer, error) {
	if err := a.createBrand(ctx, demo.Code, demo.Name, demoCurrency); err != nil {
		return demo.Deps{}, nil, err
	}
	b, err := a.brand(ctx, demo.Code)
	if err != nil {
		return demo.Deps{}, nil, err
	}
	deps := demo.Deps{
		Store: a.store, Catalog: a.catalog, Stock: a.stock, Members: a.members, Orders: a.orders, Channels: a.channels, Log: a.log,
		Marketplaces: []demo.Marketplace{
			{Kind: "TAOBAO", Code: "taobao", Name: "Taobao", Settings: boxes.taobaoSettings(), Control: boxes.Taobao.Control},
			{Kind: "JD", Code: "jd", Name: "JD", Settings: boxes.jdSettings(), Control: boxes.JD.Control},
		},
	}
	viewer := owner(b, "demo")
	return deps, viewer, demo.Seed(auth.With(ctx, viewer), deps)
}

// tick tells what happens until ctx ends.
func (c *demoCommand) tick(ctx context.Context, a *app, out io.Writer, log *slog.Logger) {
	t := demo.Ticker{Store: a.store, Out: out}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			t.Columns = width
		}
	}
	if err := t.Run(ctx); err != nil && ctx.Err() == nil {
		log.Error("the ticker ended", "error", err)
	}
}

// forget drops what a demo has kept. Only files that a demo makes are touched, and never a database elsewhere.
func (c *demoCommand) forget() error {
	if c.DatabaseURL != "" {
		return usageError{fmt.Errorf("--fresh works on the data folder only, not on --database-url")}
	}
	for _, name := range []string{"oneshelf.db", "oneshelf.db-wal", "oneshelf.db-shm", "sandbox-taobao", "sandbox-jd", "sandboxes.json"} {
		if err := os.RemoveAll(filepath.Join(c.DataDir, name)); err != nil {
			return err
		}
	}
	return nil
}
