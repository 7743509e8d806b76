package sandbox

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"

	kit "github.com/oneshelf/oneshelf/integrations/sandbox"
)

// obj is a struct of the protocol, list a list with the name its members have.
type obj map[string]any

type list struct {
	of    string
	items []any
}

// failure is an error_response.
type failure struct {
	code            int
	msg             string
	subCode, subMsg string
}

func (f *failure) body() obj {
	out := obj{"code": f.code, "msg": f.msg}
	if f.subCode != "" {
		out["sub_code"], out["sub_msg"] = f.subCode, f.subMsg
	}
	return out
}

func isv(sub, subMsg string) *failure {
	return &failure{15, "Remote service error", sub, subMsg}
}

func missing(name string) *failure {
	return &failure{40, "Missing required arguments:" + name, "isv.missing-parameter:" + name, "缺少必选参数：" + name}
}

func invalid(name string) *failure {
	return &failure{41, "Invalid arguments:" + name, "isv.invalid-parameter:" + name, "参数错误：" + name}
}

// format is how an answer is written. A client that names none gets XML.
type format struct {
	json, simple bool
}

func (f format) answer(method, request string, result obj, fail *failure) kit.Answer {
	root, outcome := strings.ReplaceAll(strings.TrimPrefix(method, "taobao."), ".", "_")+"_response", "ok"
	if fail != nil {
		root, result, outcome = "error_response", fail.body(), strings.TrimSpace(fmt.Sprintf("%d %s", fail.code, fail.subCode))
	}
	result["request_id"] = request
	if !f.json {
		var b bytes.Buffer
		b.WriteString(`<?xml version="1.0" encoding="utf-8" ?>`)
		writeXML(&b, root, result)
		return kit.Answer{Type: "text/xml;charset=utf-8", Body: b.Bytes(), Outcome: outcome}
	}
	var tree any = obj{root: f.plain(result)}
	if f.simple && fail == nil {
		tree = f.plain(result)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil {
		panic(fmt.Sprintf("sandbox: an answer that is no JSON: %v", err)) // trees of text and numbers always are
	}
	return kit.Answer{Type: "application/json;charset=utf-8", Body: bytes.TrimSpace(b.Bytes()), Outcome: outcome}
}

// plain turns lists into what JSON has for them: an object around an array, an empty object, or a bare array when simplified.
func (f format) plain(v any) any {
	switch v := v.(type) {
	case obj:
		out := make(obj, len(v))
		for name, member := range v {
			out[name] = f.plain(member)
		}
		return out
	case list:
		items := make([]any, len(v.items))
		for i, item := range v.items {
			items[i] = f.plain(item)
		}
		if f.simple {
			return items
		}
		if len(items) == 0 {
			return obj{}
		}
		return obj{v.of: items}
	}
	return v
}

func writeXML(b *bytes.Buffer, name string, v any) {
	b.WriteString("<" + name + ">")
	switch v := v.(type) {
	case obj:
		for _, member := range slices.Sorted(maps.Keys(v)) {
			writeXML(b, member, v[member])
		}
	case list:
		for _, item := range v.items {
			writeXML(b, v.of, item)
		}
	default:
		_ = xml.EscapeText(b, []byte(fmt.Sprint(v))) // a Buffer never fails
	}
	b.WriteString("</" + name + ">")
}

// pick keeps the members that fields names: a name alone, or "orders.oid" for members of what is inside. also maps names that
// requests spell otherwise than answers.
func pick(o obj, fields []string, also map[string]string) obj {
	whole, inner := map[string]bool{}, map[string][]string{}
	for _, f := range fields {
		head, tail, nested := strings.Cut(f, ".")
		if name, ok := also[head]; ok {
			head = name
		}
		if nested {
			inner[head] = append(inner[head], tail)
		} else {
			whole[head] = true
		}
	}
	out := obj{}
	for name, v := range o {
		switch {
		case whole[name]:
			out[name] = v
		case inner[name] != nil:
			out[name] = pickInner(v, inner[name])
		}
	}
	return out
}

func pickInner(v any, fields []string) any {
	switch v := v.(type) {
	case obj:
		return pick(v, fields, nil)
	case list:
		out := list{of: v.of}
		for _, item := range v.items {
			out.items = append(out.items, pickInner(item, fields))
		}
		return out
	}
	return v
}
