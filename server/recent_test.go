package server_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/internal/testkit/apitest"
)

const askBrand = "{ viewer { subject brand { code name } } }"

func TestABrandThatChangesOrGoesIsHonouredAfterASecond(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		a := apitest.New(t, k)
		k.NewBrand(t, "third", "Third", "CNY")
		c := a.With(t, auth.Claims{Brand: "third", Scopes: auth.Scopes()})
		exec := func(statement string) {
			_, err := k.Store.DB.Write().Exec(k.Ctx, statement)
			require.NoError(t, err)
		}
		require.Equal(t, "Third", c.Must(t, askBrand, nil).Text("viewer.brand.name"))
		exec("UPDATE brands SET name = 'Renamed' WHERE code = 'third'")
		again := c.Must(t, askBrand, nil)
		require.Equal(t, "Third", again.Text("viewer.brand.name"))
		require.Zero(t, again.Statements)
		require.Equal(t, 1, a.With(t, auth.Claims{Brand: "third", Scopes: auth.Scopes(), Subject: "another"}).Must(t, askBrand, nil).Statements, "each token is judged by itself")
		k.Clock.Advance(time.Second)
		require.Equal(t, "Renamed", c.Must(t, askBrand, nil).Text("viewer.brand.name"))
		exec("DELETE FROM brands WHERE code = 'third'")
		k.Clock.Advance(time.Second - time.Nanosecond)
		require.Equal(t, 200, c.Do(t, askBrand, nil).Status)
		k.Clock.Advance(time.Nanosecond)
		require.Equal(t, 401, c.Do(t, askBrand, nil).Status)
		require.Equal(t, 401, c.Do(t, askBrand, nil).Status, "what is refused is not kept")
	})
}

func TestWhoIsKeptIsNeverTakenForAnother(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	reader, writer := a.Client(t, auth.ProductsRead), a.Other(t)
	for range 2 {
		require.Equal(t, "demo", reader.Must(t, askBrand, nil).Text("viewer.brand.code"))
		require.Equal(t, "other", writer.Must(t, askBrand, nil).Text("viewer.brand.code"))
		require.Equal(t, []string{"FORBIDDEN locations"}, reader.Do(t, "{ locations { edges { cursor } } }", nil).Said())
		require.Equal(t, 401, (&apitest.Client{API: a, Token: reader.Token + "x"}).Do(t, askBrand, nil).Status)
	}
}

func TestATokenThatHasEndedOrIsNarrowedIsJudgedEachTime(t *testing.T) {
	a := apitest.New(t, testkit.SQLite(t))
	ended := a.With(t, auth.Claims{Scopes: auth.Scopes(), IssuedAt: time.Now().Add(-time.Minute), Expires: time.Now().Add(-time.Second)})
	narrowed := a.With(t, auth.Claims{Scopes: auth.Scopes(), Locations: []string{}})
	for range 2 {
		require.Equal(t, 1, ended.Must(t, askBrand, nil).Statements, "within the leeway of clocks it is let in")
		require.Equal(t, 1, narrowed.Must(t, askBrand, nil).Statements)
	}
}
