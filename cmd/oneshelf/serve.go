package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/graph"
	"github.com/oneshelf/oneshelf/internal/cache"
	"github.com/oneshelf/oneshelf/internal/keyset"
	"github.com/oneshelf/oneshelf/internal/metrics"
	"github.com/oneshelf/oneshelf/internal/version"
	"github.com/oneshelf/oneshelf/jobs"
	"github.com/oneshelf/oneshelf/server"
)

// drain is how long a stopping server finishes what is in hand.
const drain = 18 * time.Second

type serveCommand struct {
	serving
	CPUProfile string `name:"cpuprofile" hidden:"" placeholder:"FILE" help:"Write a profile of the whole run."`
}

func (serveCommand) Help() string {
	return `Examples:
  oneshelf serve
  oneshelf serve --addr 0.0.0.0:8080 --database-url postgres://shelf@db/shelf --redis-url redis://cache:6379
  ONESHELF_ROLES=worker oneshelf serve`
}

func (c *serveCommand) Run(ctx context.Context, io streams) error {
	if err := c.check(); err != nil {
		return err
	}
	log := c.logger(io.err)
	if c.CPUProfile != "" {
		file, err := os.Create(c.CPUProfile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	a, err := assemble(ctx, c.data, log, c.AllowLoopback == "on")
	if err != nil {
		return err
	}
	defer a.close()
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	log.Info("serving", "addr", listener.Addr().String(), "version", version.String(), "engine", string(a.db.Engine))
	return a.serve(ctx, c.serving, listener)
}

// serve answers and works until ctx ends, then finishes what is in hand and hands back the rest.
func (a *app) serve(ctx context.Context, s serving, listener net.Listener) error {
	issuers, err := auth.ParseIssuers(s.Issuers)
	if err != nil {
		return usageError{fmt.Errorf("--issuers: %w", err)}
	}
	shared, waker, client, err := a.shared(s.RedisURL)
	if err != nil {
		return err
	}
	if client != nil {
		defer client.Close()
	}
	a.orders.Caps = orders.Caps(s.Reserve)
	measured := metrics.New(version.String(), a.db, time.Now)
	srv, err := a.api(s, shared, issuers, measured)
	if err != nil {
		return err
	}
	collectLess()

	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var background sync.WaitGroup
	background.Go(func() { a.number(work, waker) })
	if s.role("worker") {
		runner := jobs.Runner{Store: a.store, Orders: a.orders, Channels: a.channels, Log: a.log, Metrics: measured}
		background.Go(func() { runner.Run(work) })
	}
	web := srv.HTTP()
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	select {
	case <-ctx.Done():
	case err := <-failed:
		stop()
		background.Wait()
		return err
	}
	a.log.Info("stopping")
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	srv.Drain()
	err = web.Shutdown(deadline)
	if errors.Is(err, context.DeadlineExceeded) {
		err = web.Close() // what has not finished by now is cut off; nothing of it was acknowledged
	}
	srv.Wait(deadline)
	stop()
	background.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// collectLess lets garbage grow to four times what is in use, unless the environment says otherwise: answers are short-lived, so fewer
// and later collections cost only memory we have.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// number keeps events numbered and readers awake.
func (a *app) number(ctx context.Context, waker events.Waker) {
	if err := a.store.Run(ctx, waker); err != nil {
		a.log.Error("numbering events ended", "error", err)
	}
}

// api is the server over the use cases. A process without the role api opens the doors for operators alone.
func (a *app) api(s serving, shared *cache.Cache, issuers []auth.TrustedIssuer, measured *metrics.Metrics) (*server.Server, error) {
	cursors, err := keyset.NewCodec(a.seal.Derive("cursors"))
	if err != nil {
		return nil, err
	}
	return server.New(server.Options{
		Resolver: &graph.Resolver{
			Store: a.store, Catalog: a.catalog, Stock: a.stock, Members: a.members, Orders: a.orders, Channels: a.channels, Cursors: cursors,
			Index: catalog.TermIndex{DB: a.db},
		},
		Store: a.store, Verifier: a.verifier(issuers), Cache: shared, Metrics: measured, Log: a.log, Origins: s.CORSOrigins, OperatorsOnly: !s.role("api"),
		Page: a.page,
	}), nil
}
