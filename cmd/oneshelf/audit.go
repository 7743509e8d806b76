package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/oneshelf/oneshelf/commerce/stock"
)

type auditCommand struct {
	data
	What string `arg:"" optional:"" enum:"stock" default:"stock" help:"What to recompute: stock."`
}

func (auditCommand) Help() string {
	return `Adds up every movement of the ledger and compares the sums with the levels, of every brand. Changes nothing; exits 1 when anything differs.

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
		fmt.Fprintf(std.out, "%s %s at %s: on hand %d, the ledger says %d; reserved %d, the ledger says %d\n",
			d.Code, d.SKU, d.Location, d.Level.OnHand, d.Ledger.OnHand, d.Level.Reserved, d.Ledger.Reserved)
	}
	if n := a.Different - len(a.Differences); n > 0 {
		fmt.Fprintf(std.out, "and %d more\n", n)
	}
	fmt.Fprintf(std.out, "%d levels, %d different\n", a.Levels, a.Different)
	if a.Different > 0 {
		return fmt.Errorf("%d levels are not what the ledger adds up to", a.Different)
	}
	return nil
}
