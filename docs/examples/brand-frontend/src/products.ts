import type { Client } from '@urql/core';

import { ProductsDocument, type ProductsQuery } from './generated.js';

export type Product = NonNullable<ProductsQuery['products']>['edges'][number]['node'];

// products hands out the whole catalog, page by page as it is read.
export async function* products(client: Client, first = 50): AsyncGenerator<Product> {
  let after: string | undefined;
  do {
    const { data, error } = await client.query(ProductsDocument, { first, after });
    if (error) throw error;
    const page = data!.products!;
    for (const { node } of page.edges) yield node;
    after = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? undefined) : undefined;
  } while (after);
}

// describe is a product as one line per variant.
export function describe(product: Product): string {
  const lines = product.variants.map(({ sku, price, available }) => {
    const costs = price ? `${price.amount.amount} ${price.amount.currency}` : 'no price';
    return `  ${sku.padEnd(20)} ${costs.padStart(14)}   ${available ?? '?'} available`;
  });
  return [product.title, ...lines].join('\n');
}
