package archive

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"

	"entgo.io/ent/schema/field"
)

// Type is the type of a column in an archive.
type Type string

// The types there are.
const (
	UUID  Type = "uuid"
	Text  Type = "text"
	Int   Type = "int"
	Float Type = "float"
	Bool  Type = "bool"
	JSON  Type = "json"
	Bytes Type = "bytes"
)

// typeOf is the type of one of Ent's columns, false for one that an archive cannot carry.
func typeOf(t field.Type) (Type, bool) {
	switch {
	case t == field.TypeUUID:
		return UUID, true
	case t == field.TypeString, t == field.TypeEnum:
		return Text, true
	case t == field.TypeBool:
		return Bool, true
	case t == field.TypeJSON:
		return JSON, true
	case t == field.TypeBytes:
		return Bytes, true
	case t.Integer():
		return Int, true
	case t.Float():
		return Float, true
	}
	return "", false
}

// place is where a value of the type is scanned into.
func (t Type) place() any {
	switch t {
	case UUID:
		return new(uuid.NullUUID)
	case Text:
		return new(sql.NullString)
	case Int:
		return new(sql.NullInt64)
	case Float:
		return new(sql.NullFloat64)
	case Bool:
		return new(sql.NullBool)
	}
	return new([]byte)
}

// put writes a scanned value as JSON. Both engines' values come out alike.
func (t Type) put(out *bytes.Buffer, from any) error {
	var v any
	switch p := from.(type) {
	case *uuid.NullUUID:
		if p.Valid {
			v = p.UUID.String()
		}
	case *sql.NullString:
		if p.Valid {
			if !utf8.ValidString(p.String) {
				return errors.New("is not text in UTF-8")
			}
			v = p.String
		}
	case *sql.NullInt64:
		if p.Valid {
			v = p.Int64
		}
	case *sql.NullFloat64:
		if p.Valid {
			v = p.Float64
		}
	case *sql.NullBool:
		if p.Valid {
			v = p.Bool
		}
	case *[]byte:
		if *p != nil {
			v = *p // base64
		}
		if *p != nil && t == JSON {
			d := json.NewDecoder(bytes.NewReader(*p))
			d.UseNumber()
			if err := d.Decode(&v); err != nil {
				return errors.New("is not JSON")
			}
		}
	}
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	out.Truncate(out.Len() - 1) // the break that Encode ends with
	return nil
}

// take reads a value of the type as both engines' drivers take it.
func (t Type) take(raw json.RawMessage, notNull bool) (any, error) {
	if string(raw) == "null" {
		if t == JSON && notNull {
			return "null", nil
		}
		return nil, nil
	}
	var err error
	switch t {
	case UUID:
		var v uuid.UUID
		err = json.Unmarshal(raw, &v)
		return v, err
	case Text:
		var v string
		err = json.Unmarshal(raw, &v)
		return v, err
	case Int:
		var v int64
		err = json.Unmarshal(raw, &v)
		return v, err
	case Float:
		var v float64
		err = json.Unmarshal(raw, &v)
		return v, err
	case Bool:
		var v bool
		err = json.Unmarshal(raw, &v)
		return v, err
	case JSON:
		return string(raw), nil
	case Bytes:
		var text string
		if err = json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}
		return base64.StdEncoding.DecodeString(text)
	}
	return nil, fmt.Errorf("there is no type %q", t)
}
