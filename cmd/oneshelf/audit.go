package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/oneshelf/oneshelf/commerce/stock"
)

type auditCommand struct {
	data
	What string `arg:"" optional:"" enum:"stock" default:"stock" help:"What to recompute: stock."`
}

func (auditCommand) Help() string {
	return `Compares the levels of every brand with what stands behind them: every movement of the ledger, what open orders and reservations
are promised, and transfers on their way. Changes nothing; exits 1 when anything differs.

Examples:
  oneshelf audit
  oneshelf audit stock --database-url postgres://shelf@db/shelf`
}

// listedDifferences is how many differences are told one by one.
const listedDifferences = 100

func (c *auditCommand) Run(ctx context.Context, std streams) error {
	t, closing, err := c.target(ctx, std.err)
	if err != nil {
		return err
	}
	defer closing()
	if version, err := t.DB.Read().Version(ctx); err != nil || version == "" {
		return errors.Join(err, errors.New("there is nothing in the database"))
	}
	a, err := stock.Audit(ctx, t.DB, listedDifferences)
	if err != nil {
		return err
	}
	for _, d := range a.Differences {
		fmt.Fprintf(std.out, "%s %s at %s: %s\n", d.Code, d.SKU, d.Location, strings.Join(wrong(d), "; "))
	}
	if n := a.Different - len(a.Differences); n > 0 {
		fmt.Fprintf(std.out, "and %d more\n", n)
	}
	fmt.Fprintf(std.out, "%d levels, %d different\n", a.Levels, a.Different)
	if a.Different > 0 {
		return fmt.Errorf("%d levels are not what stands behind them", a.Different)
	}
	return nil
}

// wrong tells which figures of a level something else is said of.
func wrong(d stock.Difference) []string {
	var out []string
	for _, f := range []struct {
		name, other string
		is, should  int64
	}{
		{"on hand", "the ledger says", d.Level.OnHand, d.Ledger.OnHand},
		{"reserved", "the ledger says", d.Level.Reserved, d.Ledger.Reserved},
		{"incoming", "the ledger says", d.Level.Incoming, d.Ledger.Incoming},
		{"damaged", "the ledger says", d.Level.Damaged, d.Ledger.Damaged},
		{"reserved", "orders and reservations are promised", d.Level.Reserved, d.Promised},
		{"incoming", "transfers are to bring", d.Level.Incoming, d.Sent},
	} {
		if f.is != f.should {
			out = append(out, fmt.Sprintf("%s %d, %s %d", f.name, f.is, f.other, f.should))
		}
	}
	return out
}
