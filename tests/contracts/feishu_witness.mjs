// The vendor's JavaScript SDK as an app: it answers a mention in every way the API has, and prints what it was told.
// Usage: node feishu_witness.mjs <path of the SDK> <domain> <app id> <app secret>
import { createRequire } from "node:module";

const [sdk, domain, appId, appSecret] = process.argv.slice(2);
const Lark = createRequire(import.meta.url)(sdk);
const say = (what, told) => console.log(JSON.stringify({ what, ...told }));
const quiet = { error() {}, warn() {}, info() {}, debug() {}, trace() {} };
const client = new Lark.Client({ appId, appSecret, domain, logger: quiet });

const told = async (what, call) => {
  try {
    const { code, data } = await call;
    say(what, { code, data });
    return data;
  } catch (error) {
    say(what, { code: error.response?.data?.code ?? -1, status: error.response?.status, msg: String(error.message) });
    return {};
  }
};
const markdown = (content) => ({ tag: "markdown", content, element_id: "answer" });
const button = {
  tag: "button",
  text: { tag: "plain_text", content: "Up" },
  behaviors: [{ type: "callback", value: { action: "up" } }],
};
const card = (elements, config = {}) =>
  JSON.stringify({ schema: "2.0", config: { update_multi: true, ...config }, body: { elements } });

async function stream(chatId) {
  const { card_id } = await told(
    "card",
    client.cardkit.v1.card.create({ data: { type: "card_json", data: card([markdown("…")], { streaming_mode: true }) } }),
  );
  const content = JSON.stringify({ type: "card", data: { card_id } });
  await told(
    "send card",
    client.im.v1.message.create({
      params: { receive_id_type: "chat_id" },
      data: { receive_id: chatId, msg_type: "interactive", content },
    }),
  );
  const element = { card_id, element_id: "answer" };
  for (const sequence of [1, 2, 2]) {
    const data = { content: `part ${sequence}`, sequence };
    await told("stream", client.cardkit.v1.cardElement.content({ path: element, data }));
  }
  const settings = JSON.stringify({ config: { streaming_mode: false } });
  await told("close", client.cardkit.v1.card.settings({ path: { card_id }, data: { settings, sequence: 3 } }));
}

async function answer({ message }) {
  say("event", { message });
  const replied = await told(
    "reply",
    client.im.v1.message.reply({
      path: { message_id: message.message_id },
      data: { msg_type: "interactive", content: card([markdown("first")]), reply_in_thread: true, uuid: "q1" },
    }),
  );
  await told(
    "patch",
    client.im.v1.message.patch({
      path: { message_id: replied.message_id },
      data: { content: card([markdown("The answer"), button]) },
    }),
  );
  const image = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.alloc(20)]);
  const uploaded = await client.im.v1.image.create({ data: { image_type: "message", image } });
  say("image", { key: uploaded?.image_key });
  await told("read", client.im.v1.message.get({ path: { message_id: message.message_id } }));
  await told("person", client.contact.v3.user.get({ path: { user_id: message.sender_open_id } }));
  await stream(message.chat_id);
  say("done", {});
}

const dispatcher = new Lark.EventDispatcher({ logger: quiet }).register({
  "im.message.receive_v1": async (data) => {
    // Answered at once, worked on later: the platform waits three seconds.
    void answer({ message: { ...data.message, sender_open_id: data.sender.sender_id.open_id } });
  },
  "card.action.trigger": async (data) => {
    say("click", { value: data.action.value, operator: data.operator.open_id });
    return { toast: { type: "success", content: "Thank you" } };
  },
});
const socket = new Lark.WSClient({ appId, appSecret, domain, logger: quiet });
await socket.start({ eventDispatcher: dispatcher });
