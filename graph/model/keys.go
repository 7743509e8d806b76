package model

import (
	"strconv"
	"strings"
)

// ChannelKey names the answer for a channel argument; "" is no channel.
func ChannelKey(ref *ChannelRef) string {
	if ref == nil {
		return ""
	}
	if id, ok := ref.ID.ValueOK(); ok && id != nil {
		return "id:" + *id
	}
	if code, ok := ref.Code.ValueOK(); ok && code != nil {
		return "code:" + *code
	}
	return ""
}

// PageKey names the answer for the arguments of a page.
func PageKey(first *int, after *string, last *int, before *string) string {
	var b strings.Builder
	for _, n := range []*int{first, last} {
		if n != nil {
			b.WriteString(strconv.Itoa(*n))
		}
		b.WriteByte('\x1f')
	}
	for _, s := range []*string{after, before} {
		if s != nil {
			b.WriteString(*s)
		}
		b.WriteByte('\x1f')
	}
	return b.String()
}
