package graph

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/graph/model"
)

var errPending = errors.New("not built yet")

func (r *mutationResolver) StockTransferCancel(ctx context.Context, input model.StockTransferCancelInput) (*model.StockTransferCancelPayload, error) {
	return nil, errPending
}

func (r *mutationResolver) StockTransferCreate(ctx context.Context, input model.StockTransferCreateInput) (*model.StockTransferCreatePayload, error) {
	return nil, errPending
}

func (r *mutationResolver) StockTransferReceive(ctx context.Context, input model.StockTransferReceiveInput) (*model.StockTransferReceivePayload, error) {
	return nil, errPending
}
