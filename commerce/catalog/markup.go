package catalog

import (
	"html"
	"slices"
	"strings"
)

// plain turns a description into text that is safe wherever it is shown: markup goes, what it said stays. Elements whose content is
// no text for people (script, style and their like) go whole; the ends of paragraphs, list items and lines stay as line breaks.
//
// What it leaves holds no tag, nor anything that unescapes to one: an angle bracket that could open a tag is taken for one, in the text
// and in what its entities stand for.
func plain(s string) string {
	s = unseen.Replace(s)
	// Each round undoes one layer of escaping. Text that still changes after so many is no description.
	for range 4 {
		next := unseen.Replace(html.UnescapeString(withoutTags(s)))
		if next == s {
			return tidy(s)
		}
		s = next
	}
	return tidy(strings.NewReplacer("<", "", ">", "", "&", "").Replace(s))
}

// unseen are characters that markup uses to guide line breaking; a text without markup has no use for them.
var unseen = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u00ad", "", "\u200b", "", "\u2060", "", "\ufeff", "")

// silent are the elements whose content nobody reads.
var silent = []string{"script", "style", "iframe", "object", "embed", "template", "noscript", "svg", "math", "head", "title", "textarea", "xmp"}

// blocks are the elements that begin and end a line.
var blocks = []string{"p", "div", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "blockquote", "hr"}

// withoutTags drops every tag and comment and the content of silent elements. What is not closed goes to the end.
func withoutTags(s string) string {
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(s, "<")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		if !opensTag(rest) {
			b.WriteByte('<')
			s = rest
			continue
		}
		if comment, ok := strings.CutPrefix(rest, "!--"); ok {
			_, s, _ = strings.Cut(comment, "-->")
			continue
		}
		end := tagEnd(rest)
		name := tagName(rest)
		s = rest[end:]
		if name == "br" || slices.Contains(blocks, name) && b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") {
			b.WriteByte('\n')
		}
		if slices.Contains(silent, name) && !strings.HasPrefix(rest, "/") && !strings.HasSuffix(strings.TrimSuffix(rest[:end], ">"), "/") {
			s = afterClose(s, name)
		}
	}
}

// opensTag tells whether what follows an angle bracket makes it the beginning of a tag, a comment or a declaration, as browsers see it.
func opensTag(rest string) bool {
	if rest == "" {
		return false
	}
	c := rest[0]
	return c == '!' || c == '?' || c == '/' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// tagEnd is where a tag ends, behind its bracket; brackets in quoted attributes do not count.
func tagEnd(rest string) int {
	var quote byte
	for i := range len(rest) {
		c := rest[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && i > 0 && rest[i-1] == '=':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return len(rest)
}

// tagName is the tag's name in lower case.
func tagName(rest string) string {
	name := strings.TrimPrefix(rest, "/")
	if i := strings.IndexFunc(name, func(c rune) bool { return c <= ' ' || c == '/' || c == '>' }); i >= 0 {
		name = name[:i]
	}
	return strings.ToLower(name)
}

// afterClose is what follows the closing tag of a silent element.
func afterClose(s, name string) string {
	for {
		_, rest, found := strings.Cut(s, "</")
		if !found {
			return ""
		}
		if tagName("/"+rest[:min(len(rest), len(name)+1)]) == name {
			return rest[tagEnd(rest):]
		}
		s = rest
	}
}

// tidy trims lines and keeps at most one empty line between two.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	out := lines[:0]
	for _, l := range lines {
		l = strings.TrimRight(l, " \t\r\u00a0")
		if l == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, l)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}
