package keyset_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/keyset"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func codec(t require.TestingT, key string) *keyset.Codec {
	c, err := keyset.NewCodec([]byte(key))
	require.NoError(t, err)
	return c
}

func TestCursorsAreBoundAndUnreadable(t *testing.T) { // TN-04
	c := codec(t, strings.Repeat("k", 32))
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "payload")
		binding := rapid.String().Draw(t, "binding")
		cursor := c.Seal(binding, payload)
		back, err := c.Open(binding, cursor)
		require.NoError(t, err)
		require.True(t, bytes.Equal(payload, back))
		require.Equal(t, cursor, c.Seal(binding, payload), "equal places have equal cursors")
		_, err = c.Open(binding+"x", cursor)
		require.ErrorIs(t, err, keyset.ErrCursor)
		_, err = codec(t, strings.Repeat("o", 32)).Open(binding, cursor)
		require.ErrorIs(t, err, keyset.ErrCursor)
		at := rapid.IntRange(0, len(cursor)-1).Draw(t, "at")
		for _, other := range []string{cursor[:at] + string("AB"[btoi(cursor[at] == 'A')]) + cursor[at+1:], cursor[:at], cursor + "A", cursor + "=", " " + cursor} {
			_, err = c.Open(binding, other)
			require.ErrorIs(t, err, keyset.ErrCursor, other)
		}
	})
	require.NotContains(t, c.Seal("", []byte("secret")), "c2VjcmV0")
	for _, junk := range []string{"", "a", "💣", strings.Repeat("A", 5000)} {
		_, err := c.Open("", junk)
		require.ErrorIs(t, err, keyset.ErrCursor)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

type row struct {
	code string
	id   int64
}

var byCode = keyset.Order{Name: "code", Keys: []keyset.Key{{Expr: "code"}, {Expr: "id", Desc: true}}}

// Whatever the sizes, pages in either direction give every row once, in the order of the list, and know where they stand.
func TestPagesGiveEveryRowOnce(t *testing.T) { // GQ-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		c := codec(t, strings.Repeat("k", 32))
		bytewise := ""
		if k.Store.DB.Engine == "postgres" {
			bytewise = ` COLLATE "C"`
		}
		_, err := k.Store.DB.Write().Exec(k.Ctx, "CREATE TABLE paged (code text"+bytewise+" NOT NULL, id bigint NOT NULL)")
		require.NoError(t, err)
		var all []row
		for i := range 57 {
			r := row{fmt.Sprint("c", i%7, "'%"), int64(i)}
			all = append(all, r)
			_, err := k.Store.DB.Write().Exec(k.Ctx, "INSERT INTO paged (code, id) VALUES (?, ?)", r.code, r.id)
			require.NoError(t, err)
		}
		slices.SortFunc(all, func(a, b row) int {
			if n := strings.Compare(a.code, b.code); n != 0 {
				return n
			}
			return int(b.id - a.id)
		})
		page := func(a keyset.Args) ([]row, keyset.Info) {
			p, err := byCode.Plan(c, "demo", a)
			require.NoError(t, err)
			where := ""
			if p.Where != "" {
				where = " WHERE " + p.Where
			}
			rows, err := k.Store.DB.Read().Query(k.Ctx, fmt.Sprintf("SELECT code, id FROM paged%s ORDER BY %s LIMIT %d", where, p.By, p.Limit), p.Args...)
			require.NoError(t, err)
			defer rows.Close()
			var out []row
			for rows.Next() {
				var r row
				require.NoError(t, rows.Scan(&r.code, &r.id))
				out = append(out, r)
			}
			require.NoError(t, rows.Err())
			return keyset.Cut(p, out)
		}
		cursor := func(r row) *string {
			s, err := byCode.Cursor(c, "demo", r.code, r.id)
			require.NoError(t, err)
			return &s
		}
		for _, size := range []int{1, 5, 19, 57, 100} {
			var forward, backward []row
			var after, before *string
			for {
				rows, info := page(keyset.Args{First: &size, After: after})
				require.Equal(t, after != nil, info.HasPrevious)
				forward = append(forward, rows...)
				if !info.HasNext {
					break
				}
				after = cursor(rows[len(rows)-1])
			}
			for {
				rows, info := page(keyset.Args{Last: &size, Before: before})
				require.Equal(t, before != nil, info.HasNext)
				backward = append(append([]row{}, rows...), backward...)
				if !info.HasPrevious {
					break
				}
				before = cursor(rows[0])
			}
			require.Equal(t, all, forward)
			require.Equal(t, all, backward)
		}
		rows, _ := page(keyset.Args{})
		require.Equal(t, all[:keyset.DefaultSize], rows)
		rows, _ = page(keyset.Args{After: cursor(all[3]), Before: cursor(all[7])})
		require.Equal(t, all[4:7], rows, "between two cursors")
	})
}

func TestPagesThatCannotBeHad(t *testing.T) {
	c := codec(t, strings.Repeat("k", 32))
	size := func(n int) *int { return &n }
	for _, a := range []keyset.Args{{First: size(0)}, {First: size(-1)}, {First: size(101)}, {Last: size(0)}, {Last: size(1 << 31)}, {First: size(1), Last: size(1)}} {
		_, err := byCode.Plan(c, "demo", a)
		require.ErrorIs(t, err, keyset.ErrSize)
	}
	good, err := byCode.Cursor(c, "demo", "a", 1)
	require.NoError(t, err)
	_, err = byCode.Plan(c, "demo", keyset.Args{After: &good})
	require.NoError(t, err)
	foreign, err := byCode.Cursor(c, "other", "a", 1)
	require.NoError(t, err)
	another, err := keyset.Order{Name: "title", Keys: byCode.Keys}.Cursor(c, "demo", "a", 1)
	require.NoError(t, err)
	short, err := byCode.Cursor(c, "demo", "a")
	require.NoError(t, err)
	event := c.Seal("code\x00demo", []byte("not json"))
	made := commerce.NewUUID().String()
	for _, cursor := range []string{"", "1", foreign, another, short, event, made} {
		_, err := byCode.Plan(c, "demo", keyset.Args{Before: &cursor})
		require.ErrorIs(t, err, keyset.ErrCursor)
	}
}
