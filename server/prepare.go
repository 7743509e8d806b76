package server

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
)

// engine prepares and runs GraphQL operations for every transport alike.
type engine struct {
	schema    *ast.Schema
	executor  *executor.Executor
	documents *documents
	limits    Limits
}

// Documents up to the first size are kept after validation, and no more of them than have the second in all.
const (
	keptDocument  = 8 << 10
	keptDocuments = 1 << 20
)

func newEngine(es graphql.ExecutableSchema, present graphql.ErrorPresenterFunc, recovered graphql.RecoverFunc, limits Limits) *engine {
	e := &engine{schema: es.Schema(), executor: executor.New(es), documents: newDocuments(keptDocuments), limits: limits}
	e.executor.SetErrorPresenter(present)
	e.executor.SetRecoverFunc(recovered)
	return e
}

// prepare reads, bounds, validates and costs an operation. Nothing has been asked of the database before it answers. The errors it
// answers are those of the request; the operation must not run then.
func (e *engine) prepare(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	params.Query = strings.ToValidUTF8(params.Query, "\uFFFD")
	for name, v := range params.Variables {
		params.Variables[name] = storable(v)
	}
	doc, errs := e.document(params.Query)
	if len(errs) > 0 {
		return nil, errs
	}
	if err := e.limits.lists(doc, doc.Operations.ForName(params.OperationName), params.Variables); err != nil {
		return nil, refused(err)
	}
	// The executor finds the document in this request's cache: it neither parses nor validates it again.
	ex := *e.executor
	ex.SetQueryCache(one{doc})
	oc, errs := ex.CreateOperationContext(ctx, params)
	if len(errs) > 0 {
		for _, err := range errs {
			err.Extensions = map[string]any{"code": commerce.BadRequest}
		}
		return nil, errs
	}
	oc.DisableIntrospection = false
	n := coster{schema: e.schema, variables: oc.Variables}.operation(oc.Operation)
	oc.Stats.SetExtension(costKey, n)
	if n > e.limits.Cost {
		return oc, refused(commerce.Errorf(commerce.CostLimit, "the request costs %d, at most %d is allowed", n, e.limits.Cost))
	}
	return oc, nil
}

const costKey = "cost"

// costOf is what a prepared operation costs, as answers tell it.
func (e *engine) costOf(oc *graphql.OperationContext) map[string]any {
	if oc == nil {
		return nil
	}
	n, ok := oc.Stats.GetExtension(costKey).(int)
	if !ok {
		return nil
	}
	return map[string]any{"cost": map[string]any{"requested": n, "limit": e.limits.Cost}}
}

// document parses, bounds and validates a document, or finds it among those that were.
func (e *engine) document(query string) (*ast.QueryDocument, gqlerror.List) {
	if strings.TrimSpace(query) == "" {
		return nil, refused(commerce.Errorf(commerce.BadRequest, "there is no query"))
	}
	if len(query) > e.limits.Document {
		return nil, refused(commerce.Errorf(commerce.BadRequest, "the document is larger than %d bytes", e.limits.Document))
	}
	if doc := e.documents.find(query); doc != nil {
		return doc, nil
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Name: "request", Input: query}, e.limits.Tokens)
	if err != nil {
		return nil, syntax(err)
	}
	if err := e.limits.check(doc); err != nil {
		return nil, refused(err)
	}
	tidy(doc)
	storables(doc)
	if errs := validator.ValidateWithRules(e.schema, doc, nil); len(errs) > 0 {
		if len(errs) > maxErrors {
			errs = errs[:maxErrors]
		}
		for _, err := range errs {
			err.Extensions = map[string]any{"code": commerce.BadRequest}
		}
		return nil, errs
	}
	if len(query) <= keptDocument {
		e.documents.keep(query, doc)
	}
	return doc, nil
}

// nul stands for NUL: PostgreSQL has no text that holds it. No text of ours holds a control character, so this one is refused or
// unknown wherever NUL would be, on every engine.
var nul = strings.NewReplacer("\x00", "\x01")

// storable is a variable without NUL.
func storable(v any) any {
	switch v := v.(type) {
	case string:
		return nul.Replace(v)
	case []any:
		for i := range v {
			v[i] = storable(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = storable(v[name])
		}
	}
	return v
}

// storables takes NUL out of a document's values.
func storables(doc *ast.QueryDocument) {
	values(doc, func(v *ast.Value) { v.Raw = nul.Replace(v.Raw) })
}

// maxErrors bounds how many errors of a request are listed.
const maxErrors = 20

func refused(err *commerce.Error) gqlerror.List {
	return gqlerror.List{{Message: err.Message, Err: err, Extensions: map[string]any{"code": err.Code}}}
}

// syntax tells what the parser said; its text speaks of the document alone.
func syntax(err error) gqlerror.List {
	if e, ok := errors.AsType[*gqlerror.Error](err); ok {
		return gqlerror.List{{Message: e.Message, Locations: e.Locations, Extensions: map[string]any{"code": commerce.BadRequest}}}
	}
	return refused(commerce.Errorf(commerce.BadRequest, "the document cannot be read"))
}

// one is a cache of a single document.
type one struct{ doc *ast.QueryDocument }

func (o one) Get(context.Context, string) (*ast.QueryDocument, bool) { return o.doc, true }
func (o one) Add(context.Context, string, *ast.QueryDocument)        {}

// run executes a prepared operation that answers once. It answers too when nobody waits any more: gqlgen runs nothing then.
func (e *engine) run(ctx context.Context, oc *graphql.OperationContext) *graphql.Response {
	next, ctx := e.executor.DispatchOperation(ctx, oc)
	if resp := next(ctx); resp != nil {
		return resp
	}
	errs := refused(commerce.Errorf(commerce.Internal, "there was no time left to answer this"))
	errs[0].Extensions["requestId"] = auth.From(ctx).Request
	return &graphql.Response{Errors: errs}
}

// bounded keeps every answer within the limits, and every event of a subscription: of one that is larger it tells so, and that alone;
// of many errors it tells the first.
func (e *engine) bounded(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	resp := next(ctx)
	if resp == nil {
		return nil
	}
	if e.limits.Answer > 0 && len(resp.Data) > e.limits.Answer {
		resp.Data = json.RawMessage("null")
		resp.Errors = refused(commerce.Errorf(commerce.CostLimit, "the answer is larger than %d bytes: ask for fewer fields or smaller pages; what a mutation changed stands", e.limits.Answer))
		resp.Errors[0].Extensions["requestId"] = auth.From(ctx).Request
	}
	resp.Errors = resp.Errors[:min(len(resp.Errors), maxErrors)]
	return resp
}
