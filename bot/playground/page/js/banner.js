/** A quiet line that tells when the connection is lost and when it will be tried again. */
import { fill, h } from "./dom.js";

const GRACE = 1200;

export class Banner {
  constructor(app) {
    this.app = app;
    this.node = h("div", { class: "banner", role: "status", hidden: true });
  }

  /** Show a state of the gateway; short interruptions pass unseen. */
  show(status) {
    clearTimeout(this.timer);
    if (status === "open") this.node.hidden = true;
    else this.timer = setTimeout(() => this.draw(), this.node.hidden ? GRACE : 0);
  }

  draw() {
    const retry = () => this.app.gateway.connect();
    fill(
      this.node,
      h("span", {}, this.app.t("reconnecting")),
      h("button", { type: "button", class: "link-button", onclick: retry }, this.app.t("tryNow")),
    );
    this.node.hidden = false;
  }
}
