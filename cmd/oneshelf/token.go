package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
)

type tokenCommand struct {
	data
	Brand       string        `name:"brand" required:"" placeholder:"CODE" help:"Whose data."`
	Scope       string        `name:"scope" required:"" placeholder:"SCOPES" help:"What it may do, separated by spaces."`
	Channel     []string      `name:"channel" placeholder:"CODE" help:"Only this channel; may be given again."`
	Location    []string      `name:"location" placeholder:"CODE" help:"Only this location; may be given again."`
	TTL         time.Duration `name:"ttl" default:"1h" help:"How long it is good."`
	Subject     string        `name:"subject" default:"cli" placeholder:"NAME" help:"Who uses it."`
	CreateBrand bool          `name:"create-brand" help:"Make the brand when there is none of this code."`
	Currency    string        `name:"currency" default:"CNY" placeholder:"CODE" help:"The home currency of a brand that is made."`
	Name        string        `name:"name" placeholder:"NAME" help:"The name of a brand that is made; its code when absent."`
}

func (tokenCommand) Help() string {
	return `Prints one token, signed with the server's own key. A running server on the same data takes it at once.

Examples:
  oneshelf token --brand demo --scope "products:read stock:read"
  oneshelf token --brand acme --create-brand --currency CNY --scope "products:write prices:write" --ttl 8h
  oneshelf token --brand demo --scope "orders:read orders:write" --location ST-SH --subject store-sh`
}

func (c *tokenCommand) Run(ctx context.Context, io streams) error {
	claims, err := c.claims()
	if err != nil {
		return err
	}
	a, err := assemble(ctx, c.data, c.logger(io.err), false)
	if err != nil {
		return err
	}
	defer a.close()
	if c.CreateBrand {
		currency, bad := commerce.ParseCurrency(c.Currency)
		if bad != nil {
			return usageError{fmt.Errorf("--currency %s", bad.Message)}
		}
		name := c.Name
		if name == "" {
			name = c.Brand
		}
		if err := a.createBrand(ctx, c.Brand, name, currency); err != nil {
			return err
		}
	}
	if _, err := a.brand(ctx, c.Brand); err != nil {
		return err
	}
	token, err := a.keys.Sign(claims)
	if err != nil {
		return usageError{err}
	}
	fmt.Fprintln(io.out, token)
	return nil
}

func (c *tokenCommand) claims() (auth.Claims, error) {
	if c.TTL <= 0 || c.TTL > 10*365*24*time.Hour {
		return auth.Claims{}, usageError{fmt.Errorf("--ttl must be above 0 and at most ten years")}
	}
	known := auth.Scopes()
	var scopes []auth.Scope
	for _, s := range strings.Fields(c.Scope) {
		if !slices.Contains(known, auth.Scope(s)) {
			return auth.Claims{}, usageError{fmt.Errorf("--scope: there is no scope %q", s)}
		}
		scopes = append(scopes, auth.Scope(s))
	}
	return auth.Claims{
		Subject: c.Subject, Brand: c.Brand, Scopes: scopes, Channels: c.Channel, Locations: c.Location, Expires: time.Now().Add(c.TTL),
	}, nil
}
