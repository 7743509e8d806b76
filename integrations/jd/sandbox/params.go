package sandbox

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/integrations/sandbox"
)

// params are the business parameters of a call. Names are taken to the letter; others are ignored in silence, as JD seems to do.
type params map[string]json.RawMessage

var china = time.FixedZone("CST", 8*3600)

const layout = "2006-01-02 15:04:05"

func parse(text string) (params, *fault) {
	var p params
	if err := json.Unmarshal([]byte(text), &p); err != nil || p == nil {
		return nil, gateway("63")
	}
	return p, nil
}

// text reads a string or a number; "" when it is absent or null.
func (p params) text(name string) string {
	raw := bytes.TrimSpace(p[name])
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	if raw[0] == '"' {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ""
		}
		return strings.TrimSpace(s)
	}
	return string(raw)
}

// number reads a whole number, given as such or as text; ok is false when there is something else.
func (p params) number(name string, otherwise int) (n int, ok bool) {
	s := p.text(name)
	if s == "" {
		return otherwise, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// list reads a JSON array or text joined by commas; both are seen.
func (p params) list(name string) []string {
	var raws []json.RawMessage
	if json.Unmarshal(p[name], &raws) == nil {
		var out []string
		for _, raw := range raws {
			out = append(out, params{"": raw}.text(""))
		}
		return out
	}
	if s := p.text(name); s != "" {
		return strings.Split(s, ",")
	}
	return nil
}

// object reads a nested object.
func (p params) object(name string) params {
	var out params
	if json.Unmarshal(p[name], &out) != nil {
		return nil
	}
	return out
}

// objects reads a list of objects.
func (p params) objects(name string) []params {
	var out []params
	if json.Unmarshal(p[name], &out) != nil {
		return nil
	}
	return out
}

func (p params) has(name string) bool { return len(p[name]) > 0 && string(p[name]) != "null" }

// fen reads an amount in yuan.
func (p params) fen(name string) (int64, bool) {
	n, err := sandbox.ParseYuan(p.text(name))
	return n, err == nil
}

// moment reads a time: text in China time, or milliseconds.
func (p params) moment(name string) (at time.Time, ok bool) {
	s := p.text(name)
	if s == "" {
		return time.Time{}, true
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms), true
	}
	at, err := time.ParseInLocation(layout, s, china)
	return at, err == nil
}

// pick keeps the named fields of each row, and those always told. A name nobody knows is error 68.
func pick(rows []map[string]any, names []string, known []string, always ...string) *fault {
	for _, name := range names {
		if !slices.Contains(known, name) {
			return gateway("68")
		}
	}
	for _, row := range rows {
		for name := range row {
			if !slices.Contains(names, name) && !slices.Contains(always, name) {
				delete(row, name)
			}
		}
	}
	return nil
}

// cut is one page, counted from 1; beyond the end it is empty.
func cut[T any](rows []T, page, size int) []T {
	from := min((page-1)*size, len(rows))
	return rows[from:min(from+size, len(rows))]
}
