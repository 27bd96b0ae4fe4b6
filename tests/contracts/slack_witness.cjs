// The vendor's own JavaScript client against a Slack at an address: prints what it saw, as JSON.
const { WebClient } = require("@slack/web-api");
const { SocketModeClient } = require("@slack/socket-mode");

const [url, botToken, appToken, channel, user] = process.argv.slice(2);
const web = new WebClient(botToken, { slackApiUrl: url, retryConfig: { retries: 0 } });

async function failing(call) {
  try {
    await call;
    return "no error";
  } catch (error) {
    return error.data?.error ?? error.code;
  }
}

async function writing() {
  const test = await web.auth.test();
  const blocks = [
    { type: "section", text: { type: "mrkdwn", text: "*502*" } },
    { type: "actions", elements: [{ type: "button", action_id: "up", text: { type: "plain_text", text: "Yes" } }] },
  ];
  const posted = await web.chat.postMessage({ channel, text: "from JavaScript", blocks });
  await web.chat.update({ channel, ts: posted.ts, text: "changed" });
  await web.filesUploadV2({ channel_id: channel, thread_ts: posted.ts, filename: "a.txt", file: Buffer.from("502") });
  const thread = await web.conversations.replies({ channel, ts: posted.ts });
  return {
    bot: test.user_id,
    ts: posted.ts,
    scopes: test.response_metadata?.scopes?.includes("chat:write"),
    thread: thread.messages.map((one) => [one.text, (one.files ?? []).map((file) => file.name)]),
    long: await failing(web.chat.postMessage({ channel, text: "x".repeat(4001) })),
    missing: await failing(web.chat.update({ channel, ts: "1.1", text: "x" })),
    nowhere: await failing(web.chat.postMessage({ channel: "C0NOPE", text: "x" })),
  };
}

async function streaming(root) {
  const stream = web.chatStream({ channel, thread_ts: root, recipient_user_id: user, recipient_team_id: "T0FAKE0001" });
  await stream.append({ markdown_text: "The **pool** " });
  await stream.append({ markdown_text: "is full." });
  await stream.stop();
}

async function listening() {
  const socket = new SocketModeClient({ appToken, clientOptions: { slackApiUrl: url }, logLevel: "error" });
  const seen = [];
  const enough = new Promise((resolve) => {
    socket.on("slack_event", async ({ ack, type, body, retry_num }) => {
      await ack(type === "slash_commands" ? { text: "looking" } : undefined);
      seen.push([type, body.event?.type ?? body.type ?? body.command, retry_num ?? null]);
      if (type === "slash_commands") resolve();
    });
  });
  await socket.start();
  process.stdout.write("listening\n");
  await enough;
  await socket.disconnect();
  return seen;
}

async function main() {
  const written = await writing();
  await streaming(written.ts);
  const seen = await listening();
  process.stdout.write(`${JSON.stringify({ ...written, seen })}\n`);
  process.exit(0);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
