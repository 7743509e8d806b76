package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func TestEveryTableIsCarriedOrHasAReasonToStay(t *testing.T) {
	var stamps [][]string
	for _, open := range []func(testing.TB) *testkit.Kit{testkit.SQLite, testkit.Postgres} {
		k := open(t)
		there, err := k.Store.DB.Read().Tables(context.Background())
		require.NoError(t, err)
		inBackup, err := all(k.Store.DB.Engine)
		require.NoError(t, err)
		inExport, err := ofBrand(k.Store.DB.Engine)
		require.NoError(t, err)
		carried := map[string]int{}
		for _, b := range inBackup {
			require.Len(t, there[b.name], len(b.columns), b.name)
			carried[b.name] = len(b.columns)
		}
		for name := range there {
			require.True(t, (carried[name] > 0) != (outside[name] != ""), "table %s is in no backup and has no reason to stay outside", name)
		}
		exported := map[string]bool{}
		for _, e := range inExport {
			exported[e.name] = true
			require.Equal(t, carried[e.name], len(e.columns)+len(omitted[e.name]), "columns of %s", e.name)
			for column := range told[e.name] {
				require.True(t, slices.ContainsFunc(e.columns, func(c Column) bool { return c.Name == column }), "%s.%s", e.name, column)
			}
		}
		for name := range carried {
			require.True(t, exported[name] != (ofServer[name] != ""), "table %s is in no export and has no reason to stay behind", name)
		}
		var stamp []string
		for _, m := range known(t, k) {
			stamp = append(stamp, m.Version)
		}
		stamps = append(stamps, stamp)
	}
	require.Equal(t, stamps[0], stamps[1], "an archive names one version for both engines")
}

func TestABackupIsRestoredOnEitherEngine(t *testing.T) { // DB-02
	ways(t, func(t *testing.T, from, to func(testing.TB) *testkit.Kit) {
		a, b := from(t), empty(t, to)
		fill(t, a, a.Brand.ID)
		fill(t, a, a.Other.ID)
		saySomething(t, a, a.Ctx)
		ctx := context.Background()
		var file, again bytes.Buffer
		made, err := source(t, a).Backup(ctx, &file)
		require.NoError(t, err)
		require.Equal(t, a.Count(t, "orders", ""), rowsOf(made, "orders"))
		read, err := target(t, b).Restore(ctx, bytes.NewReader(file.Bytes()))
		require.NoError(t, err)
		require.Equal(t, made, read)
		for _, table := range made.Tables {
			require.EqualValues(t, table.Rows, b.Count(t, table.Name, ""), table.Name)
			require.NotZero(t, table.Rows, table.Name)
		}
		second, err := source(t, b).Backup(ctx, &again)
		require.NoError(t, err)
		for i, table := range made.Tables {
			if table.Name != "events" { // those that had no number have one now
				require.Equal(t, table, second.Tables[i])
			}
		}
		require.Zero(t, b.Count(t, "events", "seq IS NULL"))

		_, err = target(t, b).Restore(ctx, bytes.NewReader(file.Bytes()))
		require.ErrorIs(t, err, ErrNotEmpty)

		// Who follows the log goes on: new events have higher numbers than all before.
		head, err := b.Store.Head(ctx)
		require.NoError(t, err)
		_, err = b.Store.DB.Write().Exec(ctx, "DELETE FROM events")
		require.NoError(t, err)
		var emptied bytes.Buffer
		_, err = b.Store.DB.Write().Exec(ctx, "UPDATE event_cursors SET seq = ?", head)
		require.NoError(t, err)
		_, err = source(t, b).Backup(ctx, &emptied)
		require.NoError(t, err)
		c := empty(t, to)
		_, err = target(t, c).Restore(ctx, bytes.NewReader(emptied.Bytes()))
		require.NoError(t, err)
		saySomething(t, c, a.Ctx)
		e := nextEvent(t, c, a.Ctx, head)
		require.Greater(t, e, head)
	})
}

func TestABackupUnderLoadIsOfOneMoment(t *testing.T) { // DB-02
	ways(t, func(t *testing.T, from, to func(testing.TB) *testkit.Kit) {
		a, b := from(t), empty(t, to)
		fill(t, a, a.Brand.ID)
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		const writers = 4
		moved := make(chan struct{}, writers)
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				err := move(ctx, a)
				moved <- struct{}{}
				for err == nil {
					err = move(ctx, a)
				}
				if ctx.Err() == nil {
					t.Error(err)
				}
			})
		}
		for range writers {
			<-moved
		}
		before := a.Count(t, "stock_movements", "")
		var file bytes.Buffer
		_, err := source(t, a).Backup(ctx, &file)
		require.NoError(t, err)
		stop()
		all.Wait()
		_, err = target(t, b).Restore(context.Background(), bytes.NewReader(file.Bytes()))
		require.NoError(t, err)
		require.GreaterOrEqual(t, b.Count(t, "stock_movements", ""), before)
		var ledger, level int64
		require.NoError(t, b.Store.DB.Read().QueryRow(context.Background(), "SELECT CAST(SUM(on_hand_delta) AS bigint) FROM stock_movements WHERE reason = 'load'").Scan(&ledger))
		require.NoError(t, b.Store.DB.Read().QueryRow(context.Background(), "SELECT CAST(SUM(safety_stock) AS bigint) FROM stock_levels").Scan(&level))
		require.Equal(t, level-3, ledger, "a level and its ledger are of the same moment")
	})
}

// move raises a figure of one level and writes a movement of the same size, in one transaction.
func move(ctx context.Context, k *testkit.Kit) error {
	return k.Store.DB.InTx(ctx, func(tx *db.Tx) error {
		var variant, location commerce.UUID
		if err := tx.QueryRow(ctx, "UPDATE stock_levels SET safety_stock = safety_stock + 1 WHERE id = (SELECT id FROM stock_levels ORDER BY id LIMIT 1) RETURNING variant_id, location_id").
			Scan(&variant, &location); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO stock_movements (id, brand_id, variant_id, location_id, kind, on_hand_delta, reserved_delta, reason, reference_system, reference_value, actor, cause, occurred_at)
			VALUES (?, ?, ?, ?, 'ADJUST', 1, 0, 'load', '', '', 'tester', 'test', 1)`, commerce.NewUUID(), k.Brand.ID, variant, location)
		return err
	})
}

func TestADamagedBackupLeavesNothingBehind(t *testing.T) {
	a := testkit.SQLite(t)
	fill(t, a, a.Brand.ID)
	ctx := context.Background()
	var packed bytes.Buffer
	_, err := source(t, a).Backup(ctx, &packed)
	require.NoError(t, err)
	plain := unpack(t, packed.Bytes())
	lines := bytes.SplitAfter(plain, []byte("\n"))
	lines = lines[:len(lines)-1]
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		_, err := k.Store.DB.Write().Exec(ctx, "DELETE FROM brands")
		require.NoError(t, err)
		refused := func(what string, file []byte) {
			t.Helper()
			_, err := target(t, k).Restore(ctx, bytes.NewReader(file))
			require.Error(t, err, what)
			require.Zero(t, k.Count(t, "brands", ""), what)
		}
		for _, cut := range []int{1, 2, 3, len(lines) / 3, len(lines) / 2, len(lines) - 2, len(lines) - 1} {
			refused(fmt.Sprint("only ", cut, " lines"), bytes.Join(lines[:cut], nil))
		}
		refused("half of it packed", packed.Bytes()[:packed.Len()/2])
		refused("the last byte missing", packed.Bytes()[:packed.Len()-1])
		refused("something behind", append(slices.Clone(plain), "{}\n"...))
		refused("a row less", bytes.Join(slices.Delete(slices.Clone(lines), 3, 4), nil))
		refused("a row twice", bytes.Join(slices.Insert(slices.Clone(lines), 3, lines[2]), nil))
		refused("a table less", withoutTable(lines, "stock_movements"))
		refused("another figure", bytes.Replace(plain, []byte(`"on_hand_delta":1`), []byte(`"on_hand_delta":2`), 1))
		refused("another letter", bytes.Replace(plain, []byte(awkward[:6]), []byte("假屿"), 1))
		refused("an unknown table", sealed(bytes.ReplaceAll(plain, []byte(`"table":"jobs"`), []byte(`"table":"jobs; DROP TABLE brands"`))))
		refused("an unknown column", sealed(bytes.ReplaceAll(plain, []byte(`"path_key"`), []byte(`"path_keys"`))))
		refused("a table less, sums and all", sealed(withoutTable(lines, "stock_movements")))
		refused("a figure that is none", sealed(bytes.Replace(plain, []byte(`"on_hand_delta":1`), []byte(`"on_hand_delta":1.5`), 1)))
		refused("a row that points at nothing", sealed(withoutRows(lines, "members")))
		refused("not an archive", []byte("{}\n"))
		refused("nothing", nil)
		refused("a later format", bytes.Replace(plain, []byte(`"format":1`), []byte(`"format":2`), 1))

		_, err = target(t, k).Restore(ctx, bytes.NewReader(bytes.Replace(plain, []byte(`"migration":"2`), []byte(`"migration":"9`), 1)))
		require.ErrorIs(t, err, db.ErrNewer)
		_, err = target(t, k).Restore(ctx, bytes.NewReader(sealed(plain)))
		require.NoError(t, err, "whole and sealed anew it is read")
	})
}

func TestAnOldBackupIsBroughtToThisVersion(t *testing.T) {
	ways(t, func(t *testing.T, from, to func(testing.TB) *testkit.Kit) {
		a, b := from(t), to(t)
		fill(t, a, a.Brand.ID)
		ctx := context.Background()
		var file bytes.Buffer
		made, err := source(t, a).Backup(ctx, &file)
		require.NoError(t, err)
		wipe(t, b)
		now := target(t, b)
		now.Migrations = append(now.Migrations, db.Migration{Version: "99990101000000", Name: "later", Hash: "later",
			SQL: "ALTER TABLE brands ADD COLUMN motto text NOT NULL DEFAULT 'one shelf'"})
		_, err = now.Restore(ctx, bytes.NewReader(file.Bytes()))
		require.NoError(t, err)
		require.Equal(t, rowsOf(made, "brands"), b.Count(t, "brands", "motto = 'one shelf'"))
		_, err = source(t, b).Backup(ctx, io.Discard)
		require.ErrorContains(t, err, "bring both to one version")
		_, err = target(t, b).Restore(ctx, bytes.NewReader(file.Bytes()))
		require.ErrorIs(t, err, ErrNotEmpty)
	})
}

// wipe leaves nothing in a database, not even tables.
func wipe(t testing.TB, k *testkit.Kit) {
	t.Helper()
	ctx := context.Background()
	if k.Store.DB.Engine == db.Postgres {
		_, err := k.Store.DB.Write().Exec(ctx, "DROP SCHEMA public CASCADE")
		require.NoError(t, err)
		_, err = k.Store.DB.Write().Exec(ctx, "CREATE SCHEMA public")
		require.NoError(t, err)
		return
	}
	require.NoError(t, k.Store.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, "PRAGMA defer_foreign_keys = 1"); err != nil {
			return err
		}
		there, err := tx.Tables(ctx)
		for name := range there {
			if err == nil {
				_, err = tx.Exec(ctx, "DROP TABLE "+quote(name))
			}
		}
		return err
	}))
}

func TestABrandMovesToAnotherServer(t *testing.T) {
	ways(t, func(t *testing.T, from, to func(testing.TB) *testkit.Kit) {
		a, b := from(t), empty(t, to)
		fill(t, a, a.Brand.ID)
		fill(t, a, a.Other.ID)
		ctx := context.Background()
		var file, again bytes.Buffer
		made, err := source(t, a).Export(ctx, a.Brand.Code, &file)
		require.NoError(t, err)
		require.NotContains(t, file.String(), a.Other.ID.String())
		require.NotContains(t, file.String(), `"secrets"`)
		code, read, err := target(t, b).Import(ctx, bytes.NewReader(file.Bytes()))
		require.NoError(t, err)
		require.Equal(t, a.Brand.Code, code)
		require.Equal(t, made, read)
		for _, table := range made.Tables {
			require.EqualValues(t, table.Rows, b.Count(t, table.Name, ""), table.Name)
		}
		second, err := source(t, b).Export(ctx, a.Brand.Code, &again)
		require.NoError(t, err)
		require.Equal(t, made, second)
		require.Equal(t, file.String(), again.String())
		require.Equal(t, 1, b.Count(t, "channels", "state = 'ERROR' AND secrets IS NULL AND last_error_code = 'SECRETS'"), "the one that had secrets")

		_, _, err = target(t, b).Import(ctx, bytes.NewReader(file.Bytes()))
		require.ErrorIs(t, err, ErrThere)
		_, _, err = target(t, a).Import(ctx, bytes.NewReader(sealed(bytes.ReplaceAll(file.Bytes(), []byte(`"code":"demo"`), []byte(`"code":"copy"`)))))
		require.ErrorIs(t, err, ErrThere, "under another code its rows are the same still")

		// A second brand comes beside the first, and the log goes on for both.
		var beside bytes.Buffer
		_, err = source(t, a).Export(ctx, a.Other.Code, &beside)
		require.NoError(t, err)
		_, _, err = target(t, b).Import(ctx, bytes.NewReader(beside.Bytes()))
		require.NoError(t, err)
		require.NotZero(t, nextEvent(t, b, a.OtherCtx, 0), "its events are numbered where it is now")
	})
}

func TestAnImportKeepsToItsBrand(t *testing.T) {
	a := testkit.SQLite(t)
	fill(t, a, a.Brand.ID)
	ctx := context.Background()
	var file bytes.Buffer
	_, err := source(t, a).Export(ctx, a.Brand.Code, &file)
	require.NoError(t, err)
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		_, err := k.Store.DB.Write().Exec(ctx, "DELETE FROM brands WHERE code = 'demo'")
		require.NoError(t, err)
		own, foreign := []byte(a.Brand.ID.String()), []byte(k.Other.ID.String())
		lines := bytes.SplitAfter(file.Bytes(), []byte("\n"))
		lines = lines[:len(lines)-1]
		for i, l := range lines {
			if !bytes.Contains(l, []byte(`"brand_id":"`)) || !bytes.Contains(l, []byte(`"row"`)) {
				continue
			}
			smuggled := slices.Clone(lines)
			smuggled[i] = bytes.Replace(l, own, foreign, 1)
			_, _, err := target(t, k).Import(ctx, bytes.NewReader(sealed(bytes.Join(smuggled, nil))))
			require.ErrorContains(t, err, "not the brand's")
		}
		for what, bad := range map[string][]byte{
			"another brand's row":    bytes.Replace(file.Bytes(), []byte(`"row":{"id":"`+string(own)), []byte(`"row":{"id":"`+string(foreign)), 1),
			"another code":           bytes.Replace(file.Bytes(), []byte(`"brand":{"id":"`+string(own)+`","code":"demo"}`), []byte(`"brand":{"id":"`+string(own)+`","code":"mine"}`), 1),
			"no brand at all":        withoutRows(lines, "brands"),
			"a table of the server":  bytes.ReplaceAll(file.Bytes(), []byte(`"table":"jobs"`), []byte(`"table":"signing_keys"`)),
			"a table less":           withoutTable(lines, "jobs"),
			"columns that are ours":  bytes.ReplaceAll(file.Bytes(), []byte(`"last_error_code"`), []byte(`"lease_holder"`)),
			"another version":        bytes.Replace(file.Bytes(), []byte(`"migration":"2`), []byte(`"migration":"1`), 1),
			"a backup by its header": bytes.Replace(file.Bytes(), []byte(`"oneshelf":"brand"`), []byte(`"oneshelf":"backup"`), 1),
		} {
			_, _, err := target(t, k).Import(ctx, bytes.NewReader(sealed(bad)))
			require.Error(t, err, what)
		}
		require.Equal(t, 1, k.Count(t, "brands", ""))
		require.Zero(t, k.Count(t, "members", ""))
		_, err = source(t, k).Export(ctx, "nobody", io.Discard)
		require.ErrorContains(t, err, "no brand")
	})
}

func rowsOf(total Total, table string) int {
	for _, t := range total.Tables {
		if t.Name == table {
			return int(t.Rows)
		}
	}
	return -1
}

// saySomething records one fact.
func saySomething(t testing.TB, k *testkit.Kit, ctx context.Context) {
	t.Helper()
	_, err := events.Do(ctx, k.Store, func(tx *events.Tx) (int, error) {
		tx.Record(events.Fact{Type: events.ProductChanged, Aggregate: commerce.NewUUID(), Sequence: 1})
		return 0, nil
	})
	require.NoError(t, err)
}

// nextEvent waits for the next event after a number and tells its own.
func nextEvent(t testing.TB, k *testkit.Kit, ctx context.Context, after int64) (seq int64) {
	t.Helper()
	enough := errors.New("enough")
	err := k.Store.Stream(ctx, events.Query{After: after}, func(e *ent.Event) error { seq = *e.Seq; return enough })
	require.ErrorIs(t, err, enough)
	return seq
}

func unpack(t testing.TB, packed []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	plain, err := io.ReadAll(r)
	require.NoError(t, err)
	return plain
}

// withoutTable drops a table, withoutRows its rows.
func withoutTable(lines [][]byte, table string) []byte {
	return bytes.Join(slices.DeleteFunc(slices.Clone(lines), func(l []byte) bool { return bytes.HasPrefix(l, []byte(`{"table":"`+table+`"`)) }), nil)
}

func withoutRows(lines [][]byte, table string) []byte {
	return bytes.Join(slices.DeleteFunc(slices.Clone(lines), func(l []byte) bool { return bytes.HasPrefix(l, []byte(`{"table":"`+table+`","row"`)) }), nil)
}

// sealed makes every count and sum of a file fit again, as who changes it on purpose would.
func sealed(file []byte) []byte {
	var out bytes.Buffer
	whole, sum := sha256.New(), sha256.New()
	tables, rows, ofTable := 0, 0, 0
	for l := range bytes.Lines(file) {
		text := string(l)
		switch {
		case strings.Contains(text, `"columns":[`):
			tables, ofTable = tables+1, 0
			sum.Reset()
		case strings.Contains(text, `"row":{`):
			rows, ofTable = rows+1, ofTable+1
			sum.Write(l)
		case strings.HasPrefix(text, `{"table":`):
			text = fmt.Sprintf("%s,\"rows\":%d,\"sha256\":%q}\n", text[:strings.Index(text, `,"rows"`)], ofTable, hex.EncodeToString(sum.Sum(nil)))
		case strings.HasPrefix(text, `{"tables":`):
			text = fmt.Sprintf("{\"tables\":%d,\"rows\":%d,\"sha256\":%q}\n", tables, rows, hex.EncodeToString(whole.Sum(nil)))
		}
		whole.Write([]byte(text))
		out.WriteString(text)
	}
	return out.Bytes()
}
