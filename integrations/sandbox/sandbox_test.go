package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations/sandbox"
)

func open(t *testing.T, dir string) *sandbox.State {
	t.Helper()
	s, err := sandbox.Open(sandbox.Config{Name: "test", Dir: dir, Hold: 50 * time.Millisecond})
	require.NoError(t, err)
	return s
}

func call(t *testing.T, s *sandbox.State, method, path, body string, into any) int {
	t.Helper()
	r := httptest.NewRequest(method, "http://localhost:9101"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:5000"
	w := httptest.NewRecorder()
	s.Control().ServeHTTP(w, r)
	if into != nil {
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), into), w.Body.String())
	}
	return w.Code
}

const shirt = `{"outerCode":"SHIRT-M","title":"Shirt","price":"129.00","quantity":5}`

func TestWhatWasAnsweredIsThereAfterAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	require.Equal(t, 201, call(t, s, "POST", "/_sandbox/items", shirt, nil))
	var placed sandbox.OrderRow
	require.Equal(t, 201, call(t, s, "POST", "/_sandbox/orders", `{"lines":[{"outerCode":"SHIRT-M","quantity":2}],"pay":true}`, &placed))

	// The process is killed: nothing is closed, and the last write is torn.
	path := filepath.Join(dir, "test.journal")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(whole, `{"n":99,"items":[{"id"`...), 0o600))

	again := open(t, dir)
	var items []sandbox.ItemRow
	call(t, again, "GET", "/_sandbox/items", "", &items)
	require.Len(t, items, 1)
	require.Equal(t, 3, items[0].Quantity)
	require.Equal(t, "129.00", items[0].Price)
	var orders []sandbox.OrderRow
	call(t, again, "GET", "/_sandbox/orders", "", &orders)
	require.Len(t, orders, 1)
	require.Equal(t, placed.ID, orders[0].ID)
	require.Equal(t, sandbox.Paid, orders[0].State)
	require.True(t, orders[0].Paid)

	// It goes on writing behind the cut, with ids never used before.
	var next sandbox.OrderRow
	require.Equal(t, 201, call(t, again, "POST", "/_sandbox/orders", `{"lines":[{"outerCode":"SHIRT-M","quantity":1}]}`, &next))
	require.NotEqual(t, placed.ID, next.ID)
	require.NoError(t, again.Close())
	third := open(t, dir)
	call(t, third, "GET", "/_sandbox/orders", "", &orders)
	require.Len(t, orders, 2)
}

func TestAJournalDamagedInTheMiddleIsNotSilentlyCut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	call(t, s, "POST", "/_sandbox/items", shirt, nil)
	call(t, s, "POST", "/_sandbox/orders", `{"lines":[{"outerCode":"SHIRT-M","quantity":2}]}`, nil)
	path := filepath.Join(dir, "test.journal")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, bytes.Replace(whole, []byte(`{"n"`), []byte(`!!!!`), 1), 0o600))
	_, err = sandbox.Open(sandbox.Config{Name: "test", Dir: dir})
	require.ErrorContains(t, err, "not a record")
}

func TestALongJournalIsWrittenAnewAndTellsTheSame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	long := strings.Repeat("x", 1<<20)
	for n := range 12 {
		require.NoError(t, s.Update(func(tx *sandbox.Tx) error {
			tx.PutItem(&sandbox.Item{ID: "1", OuterCode: "A", Description: long, SKUs: []sandbox.SKU{{ID: "2", OuterCode: "B", Quantity: n}}})
			tx.NewID(sandbox.ItemID)
			return nil
		}))
	}
	info, err := os.Stat(filepath.Join(dir, "test.journal"))
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(6<<20))
	again := open(t, dir)
	again.View(func(v sandbox.View) {
		require.Equal(t, 11, v.Item("1").Quantity())
		require.Len(t, v.WithCode("B"), 1)
		require.Empty(t, v.WithCode("C"))
	})
	require.NoError(t, again.Update(func(tx *sandbox.Tx) error {
		require.Equal(t, "13", tx.NewID(sandbox.ItemID))
		return nil
	}))
}

func TestBuyersNeverGetMoreThanThereIs(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	call(t, s, "POST", "/_sandbox/items", shirt, nil)
	var mu sync.Mutex
	codes := map[int]int{}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			code := call(t, s, "POST", "/_sandbox/orders", `{"lines":[{"outerCode":"SHIRT-M","quantity":1}],"pay":true}`, nil)
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	all.Wait()
	require.Equal(t, map[int]int{201: 5, 409: 15}, codes)
}

func TestAnOrderIsTakenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	call(t, s, "POST", "/_sandbox/items", shirt, nil)
	require.Equal(t, 404, call(t, s, "POST", "/_sandbox/orders", `{"lines":[{"outerCode":"SHIRT-M","quantity":1},{"outerCode":"NONE","quantity":1}]}`, nil))
	require.Equal(t, 409, call(t, s, "POST", "/_sandbox/orders", `{"lines":[{"outerCode":"SHIRT-M","quantity":3},{"outerCode":"SHIRT-M","quantity":3}]}`, nil))
	var items []sandbox.ItemRow
	call(t, s, "GET", "/_sandbox/items", "", &items)
	require.Equal(t, 5, items[0].Quantity)
}

func TestClosingGivesBackWhatHasNotLeftAndIsTheEnd(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	call(t, s, "POST", "/_sandbox/items", shirt, nil)
	var o sandbox.OrderRow
	call(t, s, "POST", "/_sandbox/orders", `{"lines":[{"outerCode":"SHIRT-M","quantity":2}]}`, &o)
	for range 2 { // closing twice gives back once
		require.Equal(t, 200, call(t, s, "POST", "/_sandbox/orders/"+o.ID+"/state", `{"state":"CLOSED"}`, &o))
	}
	require.Equal(t, sandbox.Closed, o.State)
	var items []sandbox.ItemRow
	call(t, s, "GET", "/_sandbox/items", "", &items)
	require.Equal(t, 5, items[0].Quantity)
	require.Equal(t, 409, call(t, s, "POST", "/_sandbox/orders/"+o.ID+"/state", `{"state":"PAID"}`, nil))
	require.Equal(t, 404, call(t, s, "POST", "/_sandbox/orders/1234/state", `{"state":"PAID"}`, nil))
}

func TestSeedingAgainSetsTheSameUnit(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	var a, b sandbox.ItemRow
	require.Equal(t, 201, call(t, s, "POST", "/_sandbox/items", shirt, &a))
	require.Equal(t, 200, call(t, s, "POST", "/_sandbox/items", strings.Replace(shirt, `5}`, `7}`, 1), &b))
	require.Equal(t, a.SKUID, b.SKUID)
	require.Equal(t, 7, b.Quantity)
}

func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for path, bodies := range map[string][]string{
		"/_sandbox/items": {``, `[]`, `{"title":"x","price":"1.00","quantity":1}`, `{"outerCode":"A","title":"x","price":"1.001","quantity":1}`,
			`{"outerCode":"A","title":"x","price":"-1","quantity":1}`, `{"outerCode":"A","title":"x","price":"1","quantity":-1}`, `{"outerCode":"A","title":"x","price":"1"}`},
		"/_sandbox/orders":         {`{}`, `{"lines":[]}`, `{"lines":[{"outerCode":"A","quantity":0}]}`, `{"lines":[{"outerCode":"A","quantity":1.5}]}`},
		"/_sandbox/orders/1/state": {`{}`},
		"/_sandbox/faults":         {`{"kind":"rain"}`, `{"kind":"limit","times":0}`},
	} {
		for _, body := range bodies {
			require.Equal(t, 400, call(t, s, "POST", path, body, nil), path+" "+body)
		}
	}
	require.Equal(t, 404, call(t, s, "GET", "/_sandbox/secrets", "", nil))
}

func TestNewGoodsShowLateWhenTheyAreToldTo(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 6, 18, 1, 0, 0, 0, time.UTC)
	s, err := sandbox.Open(sandbox.Config{Name: "test", Now: func() time.Time { return now }})
	require.NoError(t, err)
	require.Equal(t, 201, call(t, s, "POST", "/_sandbox/items", shirt, nil))
	require.Equal(t, 400, call(t, s, "POST", "/_sandbox/late", `{}`, nil))
	require.Equal(t, 200, call(t, s, "POST", "/_sandbox/late", `{"seconds":60}`, nil))
	require.Equal(t, 201, call(t, s, "POST", "/_sandbox/items", strings.Replace(shirt, "SHIRT-M", "NEW", 1), nil))
	var first, second string
	require.NoError(t, s.Update(func(tx *sandbox.Tx) error { // a unit more on the item that shows
		it := tx.Item(tx.Items()[0].ID)
		first, second = it.ID, tx.Items()[1].ID
		it.SKUs = append(it.SKUs, sandbox.SKU{ID: "1", OuterCode: "SHIRT-L"})
		tx.PutItem(it)
		return nil
	}))
	shows := func(items, units int) {
		t.Helper()
		s.View(func(v sandbox.View) {
			require.Len(t, v.Items(), 2)
			require.Len(t, v.Shown(), items)
			require.Len(t, v.ShownItem(first).SKUs, units)
			require.Equal(t, items == 2, v.ShownItem(second) != nil)
			require.Len(t, v.ShownWithCode("SHIRT-M"), 1)
			require.Len(t, v.ShownWithCode("SHIRT-L"), units-1)
			require.Len(t, v.ShownWithCode("NEW"), items-1)
		})
	}
	shows(1, 1)
	require.NoError(t, s.Update(func(tx *sandbox.Tx) error { // a change does not show it sooner, nor hide what shows
		tx.PutItem(tx.Item(first))
		tx.PutItem(tx.Item(second))
		return nil
	}))
	shows(1, 1)
	now = now.Add(time.Minute)
	shows(2, 2)
}

func TestOnlyThisMachineAndNoWebPageMayControl(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for remote, want := range map[string]int{"10.0.0.8:99": 403, "[::1]:99": 200, "127.0.0.1:99": 200, "nonsense": 403} {
		r := httptest.NewRequest("GET", "http://[::1]:9101/_sandbox/items", nil)
		r.RemoteAddr = remote
		w := httptest.NewRecorder()
		s.Control().ServeHTTP(w, r)
		require.Equal(t, want, w.Code, remote)
	}
	for host, origin := range map[string]string{"127.0.0.1:9101": "http://evil.example", "evil.example:9101": "", "127.0.0.1.evil.example": ""} {
		r := httptest.NewRequest("GET", "http://"+host+"/_sandbox/items", nil)
		r.RemoteAddr = "127.0.0.1:99"
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		s.Control().ServeHTTP(w, r)
		require.Equal(t, 403, w.Code, host)
	}
}

func TestFaultsComeAsPlannedAndOnlySoOften(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	var effects atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		s.Respond(w, r, "things.get",
			func(f sandbox.Fault) sandbox.Answer {
				return sandbox.Answer{Type: "text/plain", Body: []byte("own " + string(f)), Outcome: string(f)}
			},
			func() sandbox.Answer {
				effects.Add(1)
				return sandbox.Answer{Type: "text/plain", Body: []byte("fine"), Outcome: "ok"}
			})
	}))
	defer server.Close()
	ask := func() (string, error) {
		resp, err := server.Client().Post(server.URL, "text/plain", nil)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return string(b), err
	}
	cases := []struct {
		fault   sandbox.Fault
		body    string
		effects int
	}{
		{sandbox.Limit, "own limit", 0}, {sandbox.ServerError, "own error", 0}, {sandbox.SessionExpired, "own session", 0},
		{sandbox.HTML, "<html><body><h1>502 Bad Gateway</h1></body></html>", 0}, {sandbox.Truncated, "fi", 1},
		{sandbox.Timeout, "", 0}, {sandbox.TimeoutAfter, "", 1},
	}
	for _, c := range cases {
		effects.Store(0)
		require.Equal(t, 201, call(t, s, "POST", "/_sandbox/faults", `{"method":"things.get","kind":"`+string(c.fault)+`"}`, nil))
		s.Faults.Add("other.get", sandbox.HTML, 1)
		body, err := ask()
		require.Equal(t, c.body, body, c.fault)
		require.Equal(t, c.body == "", err != nil, c.fault)
		require.EqualValues(t, c.effects, effects.Load(), c.fault)
		body, err = ask()
		require.NoError(t, err)
		require.Equal(t, "fine", body)
	}
	var calls []sandbox.Call
	call(t, s, "GET", "/_sandbox/calls", "", &calls)
	require.Len(t, calls, 2*len(cases))
	require.Equal(t, "ok", calls[1].Outcome)
}

func TestAWithheldAnswerEndsWhenTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	s, err := sandbox.Open(sandbox.Config{Name: "test", Hold: time.Hour})
	require.NoError(t, err)
	s.Faults.Add("*", sandbox.Timeout, 1)
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		s.Respond(w, r, "any", nil, nil)
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	require.NoError(t, err)
	_, err = server.Client().Do(req)
	require.True(t, errors.Is(err, context.DeadlineExceeded))
	<-ended
}

func TestTheCallLogIsBounded(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	for range 5000 {
		s.Calls.Add(strings.Repeat("m", 500), "ok")
	}
	s.Calls.Add("last", "ok")
	calls := s.Calls.All()
	require.Less(t, len(calls), 5000)
	require.Equal(t, "last", calls[len(calls)-1].Method)
	require.LessOrEqual(t, len(calls[0].Method), 120)
}
