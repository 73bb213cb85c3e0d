// A collector for traces: OTLP over HTTP with protobuf, decoded by OpenTelemetry's own schema. Each request becomes a line
// of JSON: its spans, and the whole of it as it came.
"use strict";
const http = require("http");
const { opentelemetry } = require("@opentelemetry/otlp-transformer/build/src/generated/root");

const { ExportTraceServiceRequest, ExportTraceServiceResponse } = opentelemetry.proto.collector.trace.v1;

const hexadecimal = (bytes) => Buffer.from(bytes || []).toString("hex");

const value = (any) => {
    const kind = Object.keys(any)[0];
    return kind === "intValue" ? Number(any[kind]) : any[kind];
};

const attributes = (list) => Object.fromEntries(list.map((pair) => [pair.key, value(pair.value)]));

function told(span) {
    return {
        name: span.name,
        trace: hexadecimal(span.traceId),
        id: hexadecimal(span.spanId),
        parent: hexadecimal(span.parentSpanId),
        kind: span.kind,
        error: Boolean(span.status && span.status.code === 2),
        start: span.startTimeUnixNano.toString(),
        end: span.endTimeUnixNano.toString(),
        events: span.events.length,
        attributes: attributes(span.attributes),
    };
}

function receive(request, response, body) {
    const ours = request.method === "POST" && request.url === "/v1/traces";
    if (!ours || request.headers["content-type"] !== "application/x-protobuf") {
        response.writeHead(400).end();
        return;
    }
    const message = ExportTraceServiceRequest.decode(body);
    const line = { whole: body.toString("base64"), headers: JSON.stringify(request.headers), resource: {}, spans: [] };
    for (const resource of message.resourceSpans) {
        line.resource = attributes(resource.resource.attributes);
        for (const scope of resource.scopeSpans) {
            line.spans.push(...scope.spans.map(told));
        }
    }
    console.log(JSON.stringify(line));
    const answer = ExportTraceServiceResponse.encode({}).finish();
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end(answer);
}

const server = http.createServer((request, response) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => receive(request, response, Buffer.concat(pieces)));
});

server.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));
