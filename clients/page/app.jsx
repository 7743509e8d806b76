// The page at /: GraphiQL with examples, talking to the server it came from and to nobody else.
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { createRoot } from 'react-dom/client';

import { fetcherWith } from './fetcher.js';
import live from './examples/live.graphql';
import placeOrder from './examples/place-order.graphql';
import placeOrderVariables from './examples/place-order.variables.json';
import products from './examples/products.graphql';
import feed from './examples/feed.graphql';
import './page.css';
import { storage } from './storage.js';

// A demo writes a token of its brand into the page; elsewhere the caller brings one.
const token = document.querySelector('meta[name="oneshelf-token"]')?.content;

const paste = `# Every call needs a token, the schema too.
# Put one under Headers in the place of YOUR_TOKEN
# and press "Re-fetch GraphQL schema", lower left.
# "oneshelf token --help" tells how to make one.

`;

const tabs = [
  { query: (token ? '' : paste) + products },
  { query: live },
  { query: placeOrder, variables: JSON.stringify(placeOrderVariables, null, 2) },
  { query: feed },
];

const headers = { Authorization: `Bearer ${token || 'YOUR_TOKEN'}` };

createRoot(document.getElementById('page')).render(
  <GraphiQL
    fetcher={fetcherWith(headers)}
    defaultTabs={tabs}
    defaultHeaders={JSON.stringify(headers, null, 2)}
    defaultEditorToolsVisibility="headers"
    shouldPersistHeaders={false}
    storage={storage}
    inputValueDeprecation
  >
    <GraphiQL.Logo>oneshelf</GraphiQL.Logo>
  </GraphiQL>,
);
