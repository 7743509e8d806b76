package graph

import (
	"context"
	"errors"

	"github.com/oneshelf/oneshelf/graph/model"
)

var errPending = errors.New("not built yet")

func (r *mutationResolver) FulfillmentHold(ctx context.Context, input model.FulfillmentHoldInput) (*model.FulfillmentHoldPayload, error) {
	return nil, errPending
}

func (r *mutationResolver) FulfillmentReject(ctx context.Context, input model.FulfillmentRejectInput) (*model.FulfillmentRejectPayload, error) {
	return nil, errPending
}

func (r *mutationResolver) FulfillmentRelease(ctx context.Context, input model.FulfillmentReleaseInput) (*model.FulfillmentReleasePayload, error) {
	return nil, errPending
}

func (r *mutationResolver) RoutingPolicySet(ctx context.Context, input model.RoutingPolicySetInput) (*model.RoutingPolicySetPayload, error) {
	return nil, errPending
}

func (r *mutationResolver) StockTransferCancel(ctx context.Context, input model.StockTransferCancelInput) (*model.StockTransferCancelPayload, error) {
	return nil, errPending
}

func (r *mutationResolver) StockTransferCreate(ctx context.Context, input model.StockTransferCreateInput) (*model.StockTransferCreatePayload, error) {
	return nil, errPending
}

func (r *mutationResolver) StockTransferReceive(ctx context.Context, input model.StockTransferReceiveInput) (*model.StockTransferReceivePayload, error) {
	return nil, errPending
}

func (r *queryResolver) RoutingPolicy(ctx context.Context) (*model.RoutingPolicy, error) {
	return nil, errPending
}

func (r *queryResolver) RoutingSimulate(ctx context.Context, input model.RoutingSimulateInput) (*model.RoutingSimulation, error) {
	return nil, errPending
}
