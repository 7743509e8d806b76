// Package sandbox is what the marketplaces' sandboxes share and adapters never see: goods, orders and parcels that survive kill -9, a
// control API to drive them from outside, faults on demand and a log of calls. There is no protocol in it: each marketplace's own
// sandbox package keeps a State and speaks its wire language over it.
package sandbox
